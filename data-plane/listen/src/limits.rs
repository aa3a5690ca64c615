//! Bounds of connections. Each is a documented limit with a test.

use std::time::Duration;

/// Bounds of one core's connections.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open connections per core; beyond it the kernel's queue holds them.
    pub max_connections: usize,
    /// Time for a whole request head, and for the first byte of a connection.
    pub head_timeout: Duration,
    /// Time between two requests of a connection.
    pub idle_timeout: Duration,
    /// Largest request head in bytes, request line included; beyond it 431.
    pub max_head_bytes: usize,
    /// Header lines of an HTTP/1 request; beyond it 431.
    pub max_headers: usize,
    /// Largest read buffer of an HTTP/1 connection.
    pub max_buffer_bytes: usize,
    /// Simultaneous requests on an HTTP/2 connection.
    pub h2_max_streams: u32,
    /// Largest HTTP/2 header list in bytes, as HTTP/2 counts it.
    pub h2_max_header_list_bytes: u32,
    /// Streams that a client may open and reset before they were looked at.
    pub h2_max_pending_resets: usize,
    /// Streams reset because of the client's errors before the connection ends.
    pub h2_max_error_resets: usize,
    /// Pause after which an HTTP/2 client is asked whether it is alive.
    pub h2_ping_interval: Duration,
    /// Time for the answer.
    pub h2_ping_timeout: Duration,
    /// Simultaneous TLS handshakes per core.
    pub max_handshakes: usize,
    /// Time for a TLS handshake.
    pub handshake_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 16_384,
            head_timeout: Duration::from_secs(15),
            // AWS's idle connection timeout.
            idle_timeout: Duration::from_secs(310),
            // AWS: 10,240 bytes of headers and as much of URL.
            max_head_bytes: 24 * 1024,
            max_headers: 100,
            max_buffer_bytes: 64 * 1024,
            h2_max_streams: 128,
            h2_max_header_list_bytes: 32 * 1024,
            h2_max_pending_resets: 32,
            h2_max_error_resets: 64,
            h2_ping_interval: Duration::from_secs(60),
            h2_ping_timeout: Duration::from_secs(20),
            max_handshakes: 64,
            handshake_timeout: Duration::from_secs(10),
        }
    }
}
