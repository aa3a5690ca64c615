//! A fresh Postgres database for each test.
//!
//! ```no_run
//! # async fn demo() {
//! let database = gw_testkit::postgres::TestDatabase::create().await;
//! let url = database.url(); // postgres://...; dropped with `database`
//! # }
//! ```
//!
//! With `DATABASE_URL` set, databases are made on that server (its role needs
//! CREATEDB). Without it one server is started from the machine's binaries and
//! shared by all test processes of this user; it stops by itself a few seconds
//! after the last of them has ended.

mod database;
mod private;
mod shared;

pub use database::{TestDatabase, Watch};
pub use private::PrivatePostgres;

use std::path::Path;
use std::process::{Command, Stdio};

use gw_local_postgres::SUPERUSER;

/// A URL of `database` on the loopback port of a server that we started.
fn url(port: u16, password: &str, database: &str) -> String {
    format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/{database}")
}

/// A password for a server that lives as long as a test run.
fn password() -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(24).collect()
}

/// Sends both outputs of `command` to `file`, so that no pipe of the test
/// runner stays open in a server that outlives the test.
fn log_to(command: &mut Command, file: &Path) {
    let log = std::fs::File::create(file).expect("a log file can be created");
    let twin = log.try_clone().expect("a log file can be shared");
    command.stdin(Stdio::null()).stdout(log).stderr(twin);
}
