//! Who asks.

use gw_model::Scope;

/// The principal behind a use case and where it acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Account and region that all reads and writes are limited to.
    pub scope: Scope,
    /// The principal, for the audit log and the history of stages.
    pub arn: String,
    /// The request's id, for the audit log.
    pub request_id: String,
}

impl Caller {
    /// The control plane itself, acting for a scope.
    pub fn system(scope: Scope) -> Self {
        Self { scope, arn: "gatewright:system".to_owned(), request_id: String::new() }
    }
}
