//! `up`, `down`, `logs`: a whole Gatewright on one machine.
//!
//! ```text
//! DIR/up.json            what was asked for, and the ports that were chosen
//! DIR/run.json           who runs now: the supervisor and its children
//! DIR/lock               held by the supervisor as long as it lives
//! DIR/credentials.json   the administrator's, written once by the control plane
//! DIR/postgres/          the private database (elsewhere if its user cannot get here)
//! DIR/control-plane/     master key, ready file
//! DIR/nodes/n1/          a node's identity and world
//! DIR/logs/              one file per part, cut at a size
//! ```
//!
//! Who runs is decided by the lock, never by a pid file, so a crash leaves
//! nothing stale. Children write their logs themselves and live on when the
//! supervisor is killed; the next `up` or `down` finds them by `run.json`.

mod announce;
mod database;
mod detach;
mod down;
mod forget;
mod keep;
mod logs;
mod parts;
mod ports;
mod process;
mod settings;
mod state;
mod supervisor;

pub(crate) use down::down;
pub(crate) use logs::logs;
pub(crate) use state::StateDir;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use crate::cli::Global;
use crate::error::{Error, Kind, Result};
use crate::output::Output;
use announce::Announcement;
use settings::{Flags, Settings};
use state::Lock;

/// The flags of `up`. What is not given is as it was at the last `up` on the
/// same data directory.
#[derive(Debug, Clone, Args)]
pub(crate) struct UpArgs {
    /// Return when everything is ready and leave it running
    #[arg(long, short)]
    pub(crate) detach: bool,
    /// How many nodes [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) nodes: Option<u16>,
    /// The address to listen on [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bind: Option<IpAddr>,
    /// The admin API's port, 0 for any free one [default: 9080]
    #[arg(long, value_name = "PORT")]
    pub(crate) admin_port: Option<u16>,
    /// The port that nodes call [default: 9081]
    #[arg(long, value_name = "PORT")]
    pub(crate) fleet_port: Option<u16>,
    /// The port that all nodes share for traffic [default: 8080]
    #[arg(long, value_name = "PORT")]
    pub(crate) traffic_port: Option<u16>,
    /// The same with TLS [default: 8443, or a free one if --traffic-port is 0]
    #[arg(long, value_name = "PORT")]
    pub(crate) tls_port: Option<u16>,
    /// The first node's own port for traffic; the others follow [default: free ones]
    #[arg(long, value_name = "PORT")]
    pub(crate) node_port: Option<u16>,
    /// The first node's port for metrics; the others follow [default: 9090]
    #[arg(long, value_name = "PORT")]
    pub(crate) metrics_port: Option<u16>,
    /// Run the functions of this folder beside the nodes, which call them
    #[arg(long, value_name = "DIR")]
    pub(crate) functions: Option<PathBuf>,
    /// Run no functions any more
    #[arg(long, conflicts_with = "functions")]
    pub(crate) no_functions: bool,
    /// The port of the functions' Lambda API [default: 3001]
    #[arg(long, value_name = "PORT")]
    pub(crate) functions_port: Option<u16>,
    /// The account of every call, 12 digits [default: 000000000000]
    #[arg(long, value_name = "ID", value_parser = crate::cli::account_id)]
    pub(crate) account_id: Option<String>,
    /// Let each answer name its release in x-gatewright-release
    #[arg(long)]
    pub(crate) expose_release: bool,
    /// File of the access keys that stand for the roles of AWS integrations.
    /// Nodes take the AWS_* variables of this command too
    #[arg(long, value_name = "FILE")]
    pub(crate) aws_roles: Option<std::path::PathBuf>,
    /// Hand a flag to every node; repeatable
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub(crate) node_arg: Vec<String>,
    /// Hand a flag to the control plane; repeatable
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub(crate) control_plane_arg: Vec<String>,
    /// Seconds until everything must be ready
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub(crate) deadline: u64,
    /// This process is the one that `--detach` left behind
    #[arg(long, hide = true)]
    pub(crate) supervisor: bool,
}

/// The data directory that the flags mean.
fn state_dir(global: &Global) -> Result<StateDir> {
    StateDir::new(&global.state_dir.clone().map_or_else(StateDir::default_path, PathBuf::from))
}

/// Starts everything, or says what runs already.
pub(crate) async fn up(args: &UpArgs, global: &Global, out: Output) -> Result<()> {
    let state = state_dir(global)?;
    let flags = Flags::of(args, global);
    if args.supervisor {
        return detach::supervise(state, &flags, args, out).await;
    }
    state.create()?;
    match Lock::take(&state)? {
        None => {
            out.note(&format!("already running in {}", state.root().display()));
            if flags.say_anything() {
                out.note("the flags of this call take effect after `gwctl down`");
            }
            detach::wait_ready(&state, None, args.deadline).await?;
            announce(&state, out)
        }
        Some(lock) if args.detach => {
            drop(lock);
            detach::leave_behind(&state, args.deadline).await?;
            announce(&state, out)
        }
        Some(lock) => {
            let announced = |state: &StateDir| announce(state, out);
            supervisor::run(&state, &flags, lock, args.deadline, announced).await
        }
    }
}

/// Prints what runs: the JSON object, or a summary for people.
fn announce(state: &StateDir, out: Output) -> Result<()> {
    let settings: Settings = state.settings()?.ok_or_else(|| {
        Error::new(Kind::Failed, format!("{} has no up.json", state.root().display()))
    })?;
    let announcement = Announcement::of(state, &settings)?;
    out.data(&announcement, Announcement::text)
}
