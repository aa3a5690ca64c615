//! Patch operations of version 1.
//!
//! Each resource has one table of paths and operations, and one function that
//! applies a list of operations to a model type. All or nothing: a function
//! works on what it is given, and the caller throws that away on an error.

mod api_key;
mod beside;
mod check;
mod domain;
mod integration;
mod method;
mod parts;
mod rest_api;
mod small;
mod stage;
mod table;
mod usage_plan;

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

pub use api_key::patch_api_key;
pub use beside::{
    check_link_name, check_text, patch_account, patch_client_certificate, patch_vpc_link,
};
pub use check::{
    bad_passthrough, check_integration, check_integration_response, check_method, check_percent,
    check_response_header, check_schema, check_stage_name, check_variables, timeout_ms,
};
pub use domain::{patch_base_path_mapping, patch_domain};
pub use integration::{patch_integration, patch_integration_response};
pub(crate) use method::forget_authorizer;
pub use method::{patch_method, patch_method_response};
pub use parts::{
    patch_authorizer, patch_documentation_part, patch_gateway_response, patch_request_validator,
};
pub use rest_api::patch_rest_api;
pub use small::{ResourcePatch, patch_description, patch_model, resource_patch};
pub use stage::{CanaryDraft, StageDraft, patch_stage};
pub use usage_plan::patch_usage_plan;

use crate::{Body, Fault};

/// What to do at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// Adds a member or an element.
    Add,
    /// Removes it.
    Remove,
    /// No resource supports it.
    Move,
    /// No resource supports it.
    Test,
    /// Sets it.
    Replace,
    /// Takes the value from another path.
    Copy,
}

impl Op {
    /// Every operation, in the order of AWS's message.
    pub const ALL: [Self; 6] =
        [Self::Add, Self::Remove, Self::Move, Self::Test, Self::Replace, Self::Copy];

    /// AWS's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Move => "move",
            Self::Test => "test",
            Self::Replace => "replace",
            Self::Copy => "copy",
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One operation of a patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchOperation {
    /// What to do.
    pub op: Op,
    /// Where, as a JSON pointer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Always a text: `"true"`, `"10.5"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where a copy comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

impl PatchOperation {
    /// Reads one operation of a body.
    ///
    /// # Errors
    /// When a member is no text.
    pub fn read(body: &mut Body) -> Result<Self, Fault> {
        let names = Op::ALL.map(Op::as_str);
        let name = body.one_of("op", &names)?;
        if name.is_none() {
            body.required("op")?;
        }
        let op = Op::ALL.into_iter().find(|op| Some(op.as_str()) == name.as_deref());
        Ok(Self {
            // A name that is none of these was noted and fails the body.
            op: op.unwrap_or(Op::Test),
            path: body.string("path")?,
            value: body.string("value")?,
            from: body.string("from")?,
        })
    }

    /// An operation without `from`.
    pub fn new(op: Op, path: &str, value: Option<&str>) -> Self {
        Self { op, path: Some(path.to_owned()), value: value.map(str::to_owned), from: None }
    }

    /// Copies the member at `from` to `path`.
    pub fn copy(from: &str, path: &str) -> Self {
        Self { op: Op::Copy, path: Some(path.to_owned()), value: None, from: Some(from.to_owned()) }
    }

    fn value(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }

    /// The value unless it is absent or empty, which clears a member.
    fn filled(&self) -> Option<String> {
        self.value.clone().filter(|value| !value.is_empty())
    }

    fn boolean(&self) -> Result<bool, Fault> {
        // AWS's guide itself writes `True`.
        match self.value() {
            value if value.eq_ignore_ascii_case("true") => Ok(true),
            value if value.eq_ignore_ascii_case("false") => Ok(false),
            other => Err(Fault::bad_request(format!(
                "Invalid value '{other}' specified for path '{}'. Must be one of: [true, false]",
                self.path.as_deref().unwrap_or_default()
            ))),
        }
    }

    fn number<T: std::str::FromStr>(&self) -> Result<T, Fault> {
        self.value().trim().parse().map_err(|_| {
            Fault::bad_request(format!(
                "Invalid value '{}' specified for path '{}'. Must be a number",
                self.value(),
                self.path.as_deref().unwrap_or_default()
            ))
        })
    }

    fn one_of<'a>(&'a self, allowed: &[&str]) -> Result<&'a str, Fault> {
        let value = self.value();
        if allowed.contains(&value) {
            return Ok(value);
        }
        Err(Fault::bad_request(format!(
            "Invalid value '{value}' specified for path '{}'. Must be one of: [{}]",
            self.path.as_deref().unwrap_or_default(),
            allowed.join(", ")
        )))
    }
}

/// AWS's own examples leave the first slash out.
fn with_slash(operation: &PatchOperation) -> Cow<'_, PatchOperation> {
    match operation.path.as_deref() {
        Some(path) if !path.is_empty() && !path.starts_with('/') => {
            let path = Some(format!("/{path}"));
            Cow::Owned(PatchOperation { path, ..operation.clone() })
        }
        _ => Cow::Borrowed(operation),
    }
}

/// Undoes the escapes of a JSON pointer's segment.
pub fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// Escapes a segment of a JSON pointer.
pub fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}
