//! One file per group of commands; each reads, calls, prints.

mod apis;
mod certificates;
mod cors;
mod deploy;
mod diff;
mod fleet;
mod profile;
mod release;
mod stage;
mod template;
mod test_invoke;
mod vpc_targets;

pub(crate) use apis::{apis, audit, whoami};
pub(crate) use certificates::certificates;
pub(crate) use cors::{CorsArgs, cors};
pub(crate) use deploy::deploy;
pub(crate) use diff::diff;
pub(crate) use fleet::{ca, fleet, join_token, node_act, node_show};
pub(crate) use profile::profile;
pub(crate) use release::{change, rollback};
pub(crate) use stage::{history, status};
pub(crate) use template::{TemplateCommand, template};
pub(crate) use test_invoke::{TestInvokeArgs, test_invoke};
pub(crate) use vpc_targets::vpc_targets;

/// An optional text, or a dash.
fn dash(text: Option<&str>) -> &str {
    text.filter(|t| !t.is_empty()).unwrap_or("-")
}

/// The name under which serde writes a unit variant.
fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_else(|| "?".to_owned())
}
