//! Documentation parts and versions.

use gw_model::{DocumentationLocation, DocumentationPart as Part, DocumentationType};
use serde::{Deserialize, Serialize};

use super::EpochSeconds;
use crate::{Body, Fault, FromBody};

/// The types in the order of AWS's message.
const TYPES: &[&str] = &[
    "RESPONSE_BODY",
    "RESPONSE",
    "METHOD",
    "MODEL",
    "AUTHORIZER",
    "RESPONSE_HEADER",
    "RESOURCE",
    "PATH_PARAMETER",
    "REQUEST_BODY",
    "QUERY_PARAMETER",
    "API",
    "REQUEST_HEADER",
];

/// A documentation part as AWS answers it. An entity without a part, as lists
/// of the undocumented show it, has a location only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentationPart {
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The entity.
    pub location: DocumentationLocation,
    /// The content, JSON as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<String>,
}

/// The body of `CreateDocumentationPart`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateDocumentationPart {
    /// The entity; `None` only where the body is refused.
    pub location: Option<DocumentationLocation>,
    /// The content, JSON as text.
    pub properties: String,
}

impl FromBody for CreateDocumentationPart {
    const INPUT: &'static str = "createDocumentationPartInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        let location = body.object("location", read_location)?;
        if location.is_none() {
            body.required("location")?;
        }
        Ok(Self { location: location.flatten(), properties: body.required("properties")? })
    }
}

/// `None` for a type that there is not, which the body has noted.
fn read_location(body: &mut Body) -> Result<Option<DocumentationLocation>, Fault> {
    let kind = body.one_of("type", TYPES)?;
    if kind.is_none() {
        body.required("type")?;
    }
    let mut text = |name| Ok(body.string(name)?.filter(|text| !text.is_empty()));
    let (path, method, name) = (text("path")?, text("method")?, text("name")?);
    let status_code = body.documented_status("statusCode")?;
    let kind: Option<DocumentationType> = kind.and_then(|kind| kind.parse().ok());
    Ok(kind.map(|kind| DocumentationLocation { kind, path, method, status_code, name }))
}

impl CreateDocumentationPart {
    /// The part to store.
    ///
    /// # Errors
    /// When the location is none.
    pub fn to_model(self) -> Result<Part, Fault> {
        let location = self
            .location
            .ok_or_else(|| Fault::bad_request("Invalid documentation part location specified"))?;
        location.check().map_err(|error| {
            Fault::bad_request(format!("Invalid documentation part location specified: {error}"))
        })?;
        Ok(Part { location, properties: self.properties })
    }
}

/// The `type` of a list of parts.
///
/// # Errors
/// AWS's `ValidationException`.
pub fn documentation_type(text: &str) -> Result<DocumentationType, Fault> {
    text.parse().map_err(|_| outside("type", text, TYPES))
}

/// The `locationStatus` of a list of parts: whether the undocumented is asked for.
///
/// # Errors
/// AWS's `ValidationException`.
pub fn is_undocumented(text: &str) -> Result<bool, Fault> {
    match text {
        "UNDOCUMENTED" => Ok(true),
        "DOCUMENTED" => Ok(false),
        _ => Err(outside("locationStatus", text, &["UNDOCUMENTED", "DOCUMENTED"])),
    }
}

fn outside(at: &str, value: &str, allowed: &[&str]) -> Fault {
    Fault::validation(&[format!(
        "Value '{value}' at '{at}' failed to satisfy constraint: Member must satisfy enum value \
         set: [{}]",
        allowed.join(", ")
    )])
}

/// What `ImportDocumentationParts` answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentationPartIds {
    /// The imported parts.
    #[serde(default)]
    pub ids: Vec<String>,
    /// What was left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A documentation version as AWS answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentationVersion {
    /// Its name.
    pub version: String,
    /// When the snapshot was taken.
    pub created_date: EpochSeconds,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The body of `CreateDocumentationVersion`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateDocumentationVersion {
    /// The name, unique within the API.
    pub documentation_version: String,
    /// A stage that is to show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_name: Option<String>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl FromBody for CreateDocumentationVersion {
    const INPUT: &'static str = "createDocumentationVersionInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self {
            documentation_version: body.required("documentationVersion")?,
            stage_name: body.string("stageName")?,
            description: body.string("description")?,
        })
    }
}
