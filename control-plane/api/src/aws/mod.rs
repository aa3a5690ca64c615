//! AWS's operations, one file per kind of resource.

pub(crate) mod deployments;
pub(crate) mod import;
pub(crate) mod integrations;
pub(crate) mod methods;
pub(crate) mod models;
pub(crate) mod others;
pub(crate) mod paths;
pub(crate) mod resources;
pub(crate) mod rest_apis;
pub(crate) mod stages;
