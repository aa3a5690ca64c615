//! How declared forms of an API differ.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How one part of an API differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// Only in `to`.
    Added,
    /// Only in `from`.
    Removed,
    /// In both, and not equal.
    Changed,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiffEntry {
    /// How it differs.
    pub kind: ChangeKind,
    /// What differs: `GET /pets/{id}`, `model Pet`, `api binaryMediaTypes`, ...
    pub what: String,
    /// The member within it, as a JSON pointer, for changed parts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The value in `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<serde_json::Value>,
    /// The value in `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<serde_json::Value>,
}

/// The differences between two declared forms of an API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    /// The reference compared.
    pub from: String,
    /// The reference compared with.
    pub to: String,
    /// Whether there is no difference.
    pub equal: bool,
    /// Sorted by `what`.
    pub entries: Vec<DiffEntry>,
}

/// "You changed it and did not deploy."
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Undeployed {
    /// Stage name -> differences of the working copy from what the stage's
    /// desired release names.
    pub stages: BTreeMap<String, Vec<DiffEntry>>,
}
