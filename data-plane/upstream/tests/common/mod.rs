//! What the tests of the client share.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{future::Future, time::Duration};

/// Runs a test as a serving core would, for two minutes at most.
pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let limited = async {
        tokio::time::timeout(Duration::from_secs(120), test).await.expect("test hangs");
    };
    tokio::task::LocalSet::new().block_on(&runtime, limited);
}
