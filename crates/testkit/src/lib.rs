//! Real parts for tests: Postgres, both planes, upstreams and broken lines.
//!
//! Nothing here is a mock of our own code. Tests start the real thing on free
//! ports in temporary folders, break it on purpose, and wait on states instead
//! of sleeping. What a test started ends with the test process, however that
//! ends.
//!
//! This crate serves tests only, so its functions panic with what went wrong
//! where a test could do nothing better than unwrap.

pub mod chaos_proxy;
pub mod cluster;
pub mod echo;
pub mod http;
pub mod postgres;
pub mod raw;
pub mod samples;
pub mod skip;
mod thread;
mod watcher;
pub mod words;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use gw_ports::Lease;

/// Any loopback port, to be listened on by a process that the test starts.
///
/// # Panics
/// When no port is left.
pub fn loopback_port() -> Lease {
    Lease::any(IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("a free port")
}

/// Where nobody listens for as long as the test process lives.
///
/// # Panics
/// When no port is left.
pub fn nobody() -> SocketAddr {
    static NOBODY: OnceLock<Lease> = OnceLock::new();
    NOBODY.get_or_init(loopback_port).address()
}

/// Waits until `check` gives a value, asking every 20 ms.
///
/// # Panics
/// When 60 s have passed, with `what` was waited for.
pub async fn eventually<T, F>(what: &str, mut check: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(value) = check().await {
            return value;
        }
        assert!(Instant::now() < until, "gave up waiting for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
