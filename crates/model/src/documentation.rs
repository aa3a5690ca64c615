//! Documentation: parts that describe entities of an API, and snapshots of
//! them. It is no part of a deployment: nodes never see it.

mod entities;

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::DocumentationPartId;

pub use entities::entities;

/// Every part of an API's documentation.
pub type Documentation = BTreeMap<DocumentationPartId, DocumentationPart>;

macro_rules! types {
    ($($variant:ident = $name:literal, $path:literal $method:literal $status:literal $named:ident;)*) => {
        /// The kinds of entity that can be documented.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[expect(missing_docs, reason = "AWS's names say what they are")]
        pub enum DocumentationType {
            $(#[serde(rename = $name)] $variant,)*
        }

        impl DocumentationType {
            /// Every type, in the order of AWS's reference.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// AWS's name of the type.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Which members a location of this type may have.
            pub const fn fields(self) -> LocationFields {
                match self {
                    $(Self::$variant => LocationFields {
                        path: $path, method: $method, status_code: $status, name: Named::$named,
                    },)*
                }
            }
        }
    };
}

/// Which members, beside the type, a location may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocationFields {
    /// The path of a resource; absent means `/`.
    pub path: bool,
    /// A verb; absent means `*`, any.
    pub method: bool,
    /// A status code; absent means `*`, any.
    pub status_code: bool,
    /// The entity's own name.
    pub name: Named,
}

/// Whether a location has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// It must.
    Must,
    /// It can.
    Can,
    /// It must not.
    Never,
}

types! {
    Api = "API", false false false Never;
    Authorizer = "AUTHORIZER", false false false Must;
    Model = "MODEL", false false false Must;
    Resource = "RESOURCE", true false false Never;
    Method = "METHOD", true true false Never;
    PathParameter = "PATH_PARAMETER", true true false Must;
    QueryParameter = "QUERY_PARAMETER", true true false Must;
    RequestHeader = "REQUEST_HEADER", true true false Must;
    RequestBody = "REQUEST_BODY", true true false Can;
    Response = "RESPONSE", true true true Never;
    ResponseHeader = "RESPONSE_HEADER", true true true Must;
    ResponseBody = "RESPONSE_BODY", true true true Never;
}

impl DocumentationType {
    /// Whether content of a more general location applies as well.
    pub const fn inherits(self) -> bool {
        !matches!(self, Self::Api | Self::Authorizer | Self::Model | Self::Resource)
    }
}

impl fmt::Display for DocumentationType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names none of the types.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid documentation part type: {0}")]
pub struct InvalidDocumentationType(pub String);

impl FromStr for DocumentationType {
    type Err = InvalidDocumentationType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().copied().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| InvalidDocumentationType(text.to_owned()))
    }
}

/// What a part describes. An absent member and its default are one location;
/// parts are kept with the defaults spelled out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentationLocation {
    /// The kind of entity.
    #[serde(rename = "type")]
    pub kind: DocumentationType,
    /// The path of a resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// A verb, or `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A status code, or `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<String>,
    /// The entity's own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Why a location is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLocation {
    /// The type does not have this member.
    #[error("field '{0}' is not valid for documentation part type '{1}'")]
    Excess(&'static str, DocumentationType),
    /// The type needs this member.
    #[error("field '{0}' is required for documentation part type '{1}'")]
    Missing(&'static str, DocumentationType),
    /// A member's value breaks its rule.
    #[error("value '{1}' of field '{0}' is not valid")]
    Value(&'static str, String),
}

impl DocumentationLocation {
    /// The location of a type without further members.
    pub fn of(kind: DocumentationType) -> Self {
        Self { kind, path: None, method: None, status_code: None, name: None }
    }

    /// The path, or its default.
    pub fn path(&self) -> &str {
        self.path.as_deref().unwrap_or("/")
    }

    /// The verb, or its default.
    pub fn method(&self) -> &str {
        self.method.as_deref().unwrap_or("*")
    }

    /// The status code, or its default.
    pub fn status_code(&self) -> &str {
        self.status_code.as_deref().unwrap_or("*")
    }

    /// The same location with the defaults of its type spelled out, as AWS
    /// answers it.
    #[must_use]
    pub fn spelled_out(mut self) -> Self {
        let fields = self.kind.fields();
        let of = |member: Option<String>, valid: bool, default: &str| {
            member.or_else(|| valid.then(|| default.to_owned()))
        };
        self.path = of(self.path, fields.path, "/");
        self.method = of(self.method, fields.method, "*");
        self.status_code = of(self.status_code, fields.status_code, "*");
        self
    }

    /// The same location without what is a default, as documents name it.
    #[must_use]
    pub fn in_short(mut self) -> Self {
        self.path = self.path.filter(|path| path != "/");
        self.method = self.method.filter(|method| method != "*");
        self.status_code = self.status_code.filter(|status| status != "*");
        self
    }

    /// One text for all spellings of one location: unique within an API.
    pub fn key(&self) -> String {
        let fields = self.kind.fields();
        let name = self.name.as_deref().unwrap_or_default();
        let path = if fields.path { self.path() } else { "" };
        let method = if fields.method { self.method() } else { "" };
        let status = if fields.status_code { self.status_code() } else { "" };
        // A blank stands in no path, verb or status; the name comes last.
        format!("{} {path} {method} {status} {name}", self.kind)
    }

    /// Whether the type has these members, and their values are well-formed.
    ///
    /// # Errors
    /// The first member that breaks a rule.
    pub fn check(&self) -> Result<(), InvalidLocation> {
        let fields = self.kind.fields();
        let given = [
            ("path", fields.path, self.path.is_some()),
            ("method", fields.method, self.method.is_some()),
            ("statusCode", fields.status_code, self.status_code.is_some()),
            ("name", fields.name != Named::Never, self.name.is_some()),
        ];
        for (field, valid, given) in given {
            if given && !valid {
                return Err(InvalidLocation::Excess(field, self.kind));
            }
        }
        if fields.name == Named::Must && self.name.as_deref().is_none_or(str::is_empty) {
            return Err(InvalidLocation::Missing("name", self.kind));
        }
        let blank = |text: &str| text.contains([' ', '\n', '\t', '\r']);
        if !self.path().starts_with('/') || blank(self.path()) {
            return Err(InvalidLocation::Value("path", self.path().to_owned()));
        }
        if self.method() != "*" && self.method().parse::<crate::HttpMethod>().is_err() {
            return Err(InvalidLocation::Value("method", self.method().to_owned()));
        }
        if self.status_code() != "*" && !crate::check::is_status_code(self.status_code()) {
            return Err(InvalidLocation::Value("statusCode", self.status_code().to_owned()));
        }
        Ok(())
    }

    /// Whether content here applies to an entity at `target` as well. Names
    /// must be the same; a path applies to what is below it, `*` to any.
    fn covers(&self, target: &Self) -> bool {
        let below = |path: &str| {
            let prefix = self.path().trim_end_matches('/');
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let same = |own: &str, other: &str| own == "*" || own == other;
        self.kind == target.kind
            && self.name == target.name
            && below(target.path())
            && same(self.method(), target.method())
            && same(self.status_code(), target.status_code())
    }
}

impl fmt::Display for DocumentationLocation {
    /// As AWS prints it: `type 'RESOURCE', path '/pets'`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "type '{}'", self.kind)?;
        let members = [
            ("path", &self.path),
            ("method", &self.method),
            ("statusCode", &self.status_code),
            ("name", &self.name),
        ];
        for (member, value) in members {
            if let Some(value) = value {
                write!(f, ", {member} '{value}'")?;
            }
        }
        Ok(())
    }
}

/// What is said of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentationPart {
    /// The entity.
    pub location: DocumentationLocation,
    /// The content: a JSON object as text.
    pub properties: String,
}

/// The part that applies to an entity: its own, or that of the most general
/// location that covers it, the longest path first, then the most exact status
/// code, then the most exact verb.
pub fn content_for<'a>(
    parts: impl IntoIterator<Item = &'a DocumentationPart>,
    target: &DocumentationLocation,
) -> Option<&'a DocumentationPart> {
    let own = target.key();
    let rank = |part: &DocumentationPart| {
        let at = &part.location;
        (at.key() == own, at.path().len(), at.status_code() != "*", at.method() != "*")
    };
    parts
        .into_iter()
        .filter(|part| {
            part.location.key() == own || (target.kind.inherits() && part.location.covers(target))
        })
        .max_by_key(|part| rank(part))
}

/// How imported parts meet those that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentationMode {
    /// New locations are added; at known ones, members of the content replace
    /// those of the same name.
    Merge,
    /// Nothing of what was there stays.
    Overwrite,
}

/// What `now` becomes with the imported parts, and the ids of those parts in
/// their order. Where a location comes twice, the later content is merged into
/// the earlier one. A merge keeps the ids of known locations; what overwrites
/// gets new ones, as at AWS.
pub fn import(
    now: &Documentation,
    parts: &[DocumentationPart],
    mode: DocumentationMode,
    mut new_id: impl FnMut() -> DocumentationPartId,
) -> (Documentation, Vec<DocumentationPartId>) {
    let mut after = match mode {
        DocumentationMode::Merge => now.clone(),
        DocumentationMode::Overwrite => Documentation::new(),
    };
    let mut places: BTreeMap<String, DocumentationPartId> =
        after.iter().map(|(id, part)| (part.location.key(), id.clone())).collect();
    let mut ids = Vec::new();
    for part in parts {
        let key = part.location.key();
        let id = match places.get(&key) {
            Some(id) => id.clone(),
            None => {
                let mut id = new_id();
                while now.contains_key(&id) || after.contains_key(&id) {
                    id = new_id();
                }
                id
            }
        };
        let merged = match after.get(&id) {
            Some(known) => merged(&known.properties, &part.properties),
            None => part.properties.clone(),
        };
        let location = part.location.clone().spelled_out();
        after.insert(id.clone(), DocumentationPart { location, properties: merged });
        places.insert(key, id.clone());
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    (after, ids)
}

/// One JSON object with the members of both; those of `new` win.
fn merged(known_text: &str, new_text: &str) -> String {
    type Object = serde_json::Map<String, serde_json::Value>;
    match (serde_json::from_str::<Object>(known_text), serde_json::from_str::<Object>(new_text)) {
        (Ok(mut known), Ok(new)) => {
            if new.iter().all(|(name, value)| known.get(name) == Some(value)) {
                // Nothing new: the text stays as its author wrote it.
                return known_text.to_owned();
            }
            known.extend(new);
            serde_json::Value::Object(known).to_string()
        }
        _ => new_text.to_owned(),
    }
}

#[cfg(test)]
#[path = "documentation/tests.rs"]
mod tests;
