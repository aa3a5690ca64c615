//! How both planes log, and the name of every metric.
//!
//! Logs go to standard error: one line per event, as text for people or as
//! JSON for machines. `GATEWRIGHT_LOG` holds the filter (`info` by default) and
//! `GATEWRIGHT_LOG_FORMAT=json` switches the form.

pub mod metric;

use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging for a binary. Calling it twice has no effect.
pub fn init() {
    let filter =
        EnvFilter::try_from_env("GATEWRIGHT_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let json = std::env::var("GATEWRIGHT_LOG_FORMAT").is_ok_and(|form| form == "json");
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    // A second start in one process (tests) finds a subscriber already there.
    let _already_set = if json { builder.json().try_init() } else { builder.try_init() };
}
