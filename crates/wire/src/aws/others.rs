//! Models and request validators.

use gw_model::name;
use serde::{Deserialize, Serialize};

use crate::{Body, Fault, FromBody, patch};

/// A model as AWS answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// Six characters.
    pub id: String,
    /// By which it is addressed.
    pub name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The media type described.
    pub content_type: String,
}

impl Model {
    /// The answer for a model.
    pub fn new(name: &str, model: &gw_model::Model) -> Self {
        Self {
            id: model.id.clone(),
            name: name.to_owned(),
            description: model.description.clone(),
            schema: model.schema.clone(),
            content_type: model.content_type.clone(),
        }
    }
}

/// The body of `CreateModel`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateModel {
    /// Alphanumeric.
    pub name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON Schema, draft 4, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The media type described.
    pub content_type: String,
}

impl FromBody for CreateModel {
    const INPUT: &'static str = "createModelInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self {
            name: body.required("name")?,
            description: body.string("description")?,
            schema: body.string("schema")?,
            content_type: body.required("contentType")?,
        })
    }
}

impl CreateModel {
    /// Checks the name and the schema.
    ///
    /// # Errors
    /// AWS's text for the first rule broken.
    pub fn check(&self) -> Result<(), Fault> {
        if self.name.is_empty() {
            return Err(Fault::bad_request("Model name must be non-empty"));
        }
        if !name::is_model_name(&self.name) {
            return Err(Fault::bad_request("Model name must be alphanumeric"));
        }
        if self.content_type.is_empty() {
            return Err(Fault::bad_request("Content type must be non-empty"));
        }
        if !gw_model::check::is_media_type(&self.content_type) {
            return Err(Fault::bad_request(gw_model::check::validation_result(&format!(
                "Invalid content type specified: {}",
                self.content_type
            ))));
        }
        patch::check_text("name", &self.name)?;
        patch::check_text("description", self.description.as_deref().unwrap_or_default())?;
        patch::check_schema(self.schema.as_deref().unwrap_or_default())
    }
}

/// A request validator as AWS answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestValidator {
    /// Its id.
    pub id: String,
    /// Its name; one made without has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Checks bodies.
    pub validate_request_body: bool,
    /// Checks parameters.
    pub validate_request_parameters: bool,
}

impl RequestValidator {
    /// The answer for a validator.
    pub fn new(id: &str, validator: &gw_model::RequestValidator) -> Self {
        Self {
            id: id.to_owned(),
            name: validator.name.clone(),
            validate_request_body: validator.validate_request_body,
            validate_request_parameters: validator.validate_request_parameters,
        }
    }
}

/// The body of `CreateRequestValidator`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateRequestValidator {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Checks bodies.
    #[serde(default)]
    pub validate_request_body: bool,
    /// Checks parameters.
    #[serde(default)]
    pub validate_request_parameters: bool,
}

impl FromBody for CreateRequestValidator {
    const INPUT: &'static str = "createRequestValidatorInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self {
            name: body.string("name")?,
            validate_request_body: body.boolean("validateRequestBody")?.unwrap_or_default(),
            validate_request_parameters: body
                .boolean("validateRequestParameters")?
                .unwrap_or_default(),
        })
    }
}

impl CreateRequestValidator {
    /// The validator to store.
    ///
    /// # Errors
    /// When the name is blank or too long.
    pub fn to_model(&self) -> Result<gw_model::RequestValidator, Fault> {
        if self.name.as_deref().is_some_and(|name| name.trim().is_empty()) {
            return Err(Fault::bad_request("Request Validator name cannot be blank"));
        }
        let name = self.name.clone().unwrap_or_default();
        patch::check_text("name", &name)?;
        Ok(gw_model::RequestValidator {
            name,
            validate_request_body: self.validate_request_body,
            validate_request_parameters: self.validate_request_parameters,
        })
    }
}
