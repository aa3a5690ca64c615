//! Resources.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Method;
use crate::{Body, Fault, FromBody};

/// A resource as AWS answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Its id.
    pub id: String,
    /// Absent for the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// Absent for the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_part: Option<String>,
    /// The full path.
    pub path: String,
    /// By verb; empty objects unless `embed=methods` was asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resource_methods: BTreeMap<String, ResourceMethod>,
}

/// A method within a resource: whole when embedded, `{}` otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ResourceMethod {
    /// With `embed=methods`.
    Whole(Box<Method>),
    /// Only the verb is told.
    Named {},
}

impl Resource {
    /// The answer for a resource, with whole methods or only their verbs.
    pub fn new(id: &str, resource: &gw_model::Resource, embed_methods: bool) -> Self {
        let root = resource.parent_id.is_none();
        let resource_methods = resource
            .methods
            .iter()
            .map(|(verb, method)| {
                let value = if embed_methods {
                    ResourceMethod::Whole(Box::new(Method::new(*verb, method, id)))
                } else {
                    ResourceMethod::Named {}
                };
                (verb.as_str().to_owned(), value)
            })
            .collect();
        Self {
            id: id.to_owned(),
            parent_id: resource.parent_id.as_ref().map(|parent| parent.as_str().to_owned()),
            path_part: (!root).then(|| resource.path_part.clone()),
            path: resource.path.clone(),
            resource_methods,
        }
    }
}

/// The body of `CreateResource`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateResource {
    /// The last segment.
    pub path_part: String,
}

impl FromBody for CreateResource {
    const INPUT: &'static str = "createResourceInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self { path_part: body.required("pathPart")? })
    }
}
