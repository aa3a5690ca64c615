//! Runs a private Postgres from the binaries that are on the machine.
//!
//! `gwctl up` and the tests both need a real Postgres that nobody installed as
//! a service. This crate finds `initdb` and `postgres`, makes a data directory,
//! and builds the command that serves it. It knows no SQL and keeps nothing
//! alive by itself: who spawns the server owns the child.
//!
//! Postgres refuses to run as root, so under root the data directory belongs
//! to an unprivileged user and the children run as that user. Connections over
//! TCP always need the password; nothing is ever `trust`.

mod account;
mod binaries;
mod cluster;
mod error;

pub use account::Account;
pub use binaries::Binaries;
pub use cluster::{Cluster, Settings};
pub use error::Error;

/// The superuser that [`Cluster::init`] creates.
pub const SUPERUSER: &str = "gatewright";
