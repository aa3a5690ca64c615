//! Which schema a method's requests are held against.

use gw_schema::SchemaId;

use crate::{Values, mapping::content_type};

/// The schemas of a method whose validator looks at bodies, by media type.
#[derive(Debug, PartialEq, Eq)]
pub struct Bodies {
    /// With the media types in lower case; without `$default`.
    pub(crate) by_type: Box<[(Box<str>, SchemaId)]>,
    pub(crate) default: Option<SchemaId>,
}

impl Bodies {
    /// The schema for a request, by its `Content-Type`, which is JSON's if
    /// there is none. `None`: any body is good, as AWS says of media types
    /// without a model.
    pub fn schema(&self, values: &dyn Values) -> Option<SchemaId> {
        let wanted = content_type(values);
        let known = self.by_type.iter().find(|(media, _)| media.eq_ignore_ascii_case(wanted));
        known.map(|(_, schema)| *schema).or(self.default)
    }

    /// The media type of a request that [`Bodies::schema`] chooses by.
    pub fn media_type(values: &dyn Values) -> &str {
        content_type(values)
    }

    /// Roughly the bytes that they occupy.
    pub(crate) fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.by_type.iter().map(|(media, _)| media.len() + 32).sum::<usize>()
    }
}
