//! `gw-data-plane`: one node of the fleet.
//!
//! It takes its addresses, starts its sync (which serves the last good world
//! from disk at once), opens its sockets when there is a world to serve, and
//! answers until it is told to drain.

mod admin;
mod args;
mod aws_roles;
mod certificates;
mod front;
mod hooks;
mod metrics;
mod node;
mod ready_file;
mod test_calls;
mod upstream_ca;

use std::process::ExitCode;

use clap::Parser as _;

/// The default allocator gives memory back late and slowly under many cores.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    gw_telemetry::init();
    match node::run(args::Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The one place where a fatal error is printed, with its causes.
            let mut text = error.to_string();
            let mut cause = error.source();
            while let Some(inner) = cause {
                text = format!("{text}: {inner}");
                cause = inner.source();
            }
            tracing::error!("{text}");
            eprintln!("gw-data-plane: {text}");
            ExitCode::FAILURE
        }
    }
}
