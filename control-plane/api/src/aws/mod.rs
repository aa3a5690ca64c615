//! AWS's operations, one file per kind of resource.

pub(crate) mod account;
pub(crate) mod api_keys;
pub(crate) mod client_certificates;
pub(crate) mod deployments;
pub(crate) mod documentation;
pub(crate) mod domains;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod integrations;
pub(crate) mod mappings;
pub(crate) mod methods;
pub(crate) mod models;
pub(crate) mod others;
pub(crate) mod paths;
pub(crate) mod resources;
pub(crate) mod rest_apis;
pub(crate) mod stages;
pub(crate) mod usage_plans;
pub(crate) mod vpc_links;
