//! The credential scope: who signed, and for what.

use std::fmt;

use crate::Error;

/// `access_key/date/region/service/aws4_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The access key's id.
    pub access_key: String,
    /// The day, `YYYYMMDD`.
    pub date: String,
    /// The region, such as `us-east-1`.
    pub region: String,
    /// The signing name of the service, such as `apigateway`.
    pub service: String,
}

impl Credential {
    /// The last element of every scope.
    pub const TERMINATOR: &'static str = "aws4_request";

    /// Reads the five elements of a credential.
    ///
    /// # Errors
    /// When there are not five, or the last is not `aws4_request`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        // An access key may itself hold slashes, so count from the end.
        let mut parts = text.rsplitn(5, '/');
        let elements = (parts.next(), parts.next(), parts.next(), parts.next(), parts.next());
        let (Some(end), Some(service), Some(region), Some(date), Some(access_key)) = elements
        else {
            return Err(Error::IncompleteSignature(format!(
                "Credential must have exactly 5 slash-delimited elements, \
                 e.g. keyid/date/region/service/term, got '{text}'"
            )));
        };
        if end != Self::TERMINATOR {
            return Err(Error::InvalidSignature(format!(
                "Credential should be scoped with a valid terminator: 'aws4_request', not '{end}'."
            )));
        }
        Ok(Self {
            access_key: access_key.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }

    /// The scope without the access key, as it stands in the string to sign.
    pub fn scope(&self) -> String {
        format!("{}/{}/{}/{}", self.date, self.region, self.service, Self::TERMINATOR)
    }
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.access_key, self.scope())
    }
}
