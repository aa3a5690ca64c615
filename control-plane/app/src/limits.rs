//! Limits of an installation. AWS's own are quotas that can be raised; ours
//! bound what one API can cost.

/// How much of everything there may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// REST APIs of one account and region.
    pub rest_apis: i64,
    /// Resources of one API.
    pub resources_per_api: i64,
    /// Stages of one API.
    pub stages_per_api: usize,
    /// Models of one API.
    pub models_per_api: usize,
    /// Documentation parts of one API.
    pub documentation_parts_per_api: usize,
    /// The largest answer to a list.
    pub page: u32,
    /// What the compiler accepts.
    pub compile: gw_snapshot::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rest_apis: 100_000,
            resources_per_api: 20_000,
            stages_per_api: 100,
            models_per_api: 10_000,
            documentation_parts_per_api: 20_000,
            page: 500,
            compile: gw_snapshot::Limits::default(),
        }
    }
}
