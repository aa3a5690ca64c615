//! Settings of a client and of one call.

use std::{sync::Arc, time::Duration};

use rustls::pki_types::CertificateDer;

use crate::network::Networks;

/// Settings of all clients of a node. Each core builds its own client from it.
#[derive(Debug, Clone)]
pub struct Config {
    /// How long an unused connection is kept. Below the 60 s (nginx, ELB)
    /// and 65 s at which most origins close, so that they rarely race us.
    pub idle_timeout: Duration,
    /// Unused connections kept per origin and core.
    pub max_idle_per_target: usize,
    /// Age after which a connection takes no further request, so that a
    /// changed DNS answer reaches busy origins too.
    pub max_lifetime: Duration,
    /// Largest response head in bytes.
    pub max_response_head_bytes: usize,
    /// Which addresses may be called.
    pub networks: Arc<Networks>,
    /// Certificate authorities trusted besides the system's.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(55),
            max_idle_per_target: 256,
            max_lifetime: Duration::from_secs(600),
            max_response_head_bytes: 64 * 1024,
            networks: Arc::default(),
            extra_roots: Vec::new(),
        }
    }
}

/// Time limits of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For resolving, the TCP connection and the TLS handshake.
    pub connect: Duration,
    /// From the call to the response head, connecting and sending included
    /// (AWS's `timeoutInMillis`). Waiting for more of the request's body is
    /// not: from then on it counts anew.
    pub response: Duration,
    /// Longest time until the client has sent all of the request's body.
    pub request_body: Duration,
    /// Longest pause within the response body.
    pub body_idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            response: Duration::from_secs(29),
            request_body: Duration::from_secs(300),
            body_idle: Duration::from_secs(300),
        }
    }
}
