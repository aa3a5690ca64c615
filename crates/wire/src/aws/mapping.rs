//! Base path mappings, and associations with private domains.

use gw_model::{BasePathMapping as Declared, StageName, domain::is_base_path_segment};
use serde::{Deserialize, Serialize};

use super::Texts;
use crate::{Body, Fault, FromBody, patch::check_stage_name};

/// How AWS writes that there is no base path, or no stage.
const NONE: &str = "(none)";

/// A base path mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BasePathMapping {
    /// The path, or `(none)`.
    pub base_path: String,
    /// The API.
    pub rest_api_id: String,
    /// The stage; absent where callers name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
}

impl From<&Declared> for BasePathMapping {
    fn from(mapping: &Declared) -> Self {
        let path = mapping.base_path.as_str();
        Self {
            base_path: if path.is_empty() { NONE } else { path }.to_owned(),
            rest_api_id: mapping.api.as_str().to_owned(),
            stage: mapping.stage.as_ref().map(ToString::to_string),
        }
    }
}

/// The body of `CreateBasePathMapping`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateBasePathMapping {
    /// The path; absent, empty and `(none)` are the same.
    pub base_path: Option<String>,
    /// The API.
    pub rest_api_id: String,
    /// The stage; absent, empty and `(none)` are the same.
    pub stage: Option<String>,
}

impl FromBody for CreateBasePathMapping {
    const INPUT: &'static str = "createBasePathMappingInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self {
            base_path: body.string("basePath")?,
            rest_api_id: body.required("restApiId")?,
            stage: body.string("stage")?,
        })
    }
}

impl CreateBasePathMapping {
    /// The mapping to make.
    ///
    /// # Errors
    /// AWS's text for a base path or stage name that breaks the rules.
    pub fn to_model(&self) -> Result<Declared, Fault> {
        Ok(Declared {
            base_path: base_path(self.base_path.as_deref().unwrap_or_default())?,
            api: self.rest_api_id.as_str().into(),
            stage: stage(self.stage.as_deref().unwrap_or_default())?,
        })
    }
}

/// A base path as the model holds it.
pub(crate) fn base_path(text: &str) -> Result<String, Fault> {
    match text {
        "" | NONE => Ok(String::new()),
        text if text.contains('/') => Err(Fault::bad_request(
            "API Gateway V1 doesn't support the slash character (/) in base path mappings. To \
             create a multi-level base path mapping, use API Gateway V2.",
        )),
        text if is_base_path_segment(text) => Ok(text.to_owned()),
        _ => Err(Fault::bad_request(
            "Base path can contain at most 300 letters, numbers and the characters $-_.+!*'(),",
        )),
    }
}

/// A base path in a URI, which names one that there is.
pub fn base_path_of(text: &str) -> &str {
    if text == NONE { "" } else { text }
}

/// A stage as the model holds it.
pub(crate) fn stage(text: &str) -> Result<Option<StageName>, Fault> {
    match text {
        "" | NONE => Ok(None),
        name => {
            check_stage_name(name)?;
            Ok(Some(name.into()))
        }
    }
}

/// Who may call a private domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainNameAccessAssociation {
    /// Its ARN.
    pub domain_name_access_association_arn: String,
    /// The domain's ARN.
    pub domain_name_arn: String,
    /// `VPCE`.
    pub access_association_source_type: String,
    /// The VPC endpoint.
    pub access_association_source: String,
    /// Tags.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub tags: Texts,
}

/// The body of `CreateDomainNameAccessAssociation`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateDomainNameAccessAssociation {
    /// The domain's ARN.
    pub domain_name_arn: String,
    /// `VPCE`.
    pub access_association_source_type: String,
    /// The VPC endpoint.
    pub access_association_source: String,
    /// Tags.
    pub tags: Texts,
}

impl FromBody for CreateDomainNameAccessAssociation {
    const INPUT: &'static str = "createDomainNameAccessAssociationInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        let kind = body.one_of("accessAssociationSourceType", &["VPCE"])?;
        if kind.is_none() {
            body.required("accessAssociationSourceType")?;
        }
        Ok(Self {
            domain_name_arn: body.required("domainNameArn")?,
            access_association_source_type: kind.unwrap_or_default(),
            access_association_source: body.required("accessAssociationSource")?,
            tags: body.string_map("tags")?,
        })
    }
}

impl CreateDomainNameAccessAssociation {
    /// The rules that need no look at other rows.
    ///
    /// # Errors
    /// When the source is no VPC endpoint's id.
    pub fn check(&self) -> Result<(), Fault> {
        let id = self.access_association_source.strip_prefix("vpce-").unwrap_or_default();
        let fine = (1..=64).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if fine {
            Ok(())
        } else {
            Err(Fault::bad_request(format!(
                "Invalid access association source specified: {}. It must be the ID of a VPC \
                 endpoint.",
                self.access_association_source
            )))
        }
    }
}
