//! Metric names, Prometheus style: unit in the name, `_total` for counters.

/// Requests answered by a node, whatever the answer.
pub const REQUESTS: &str = "gatewright_requests_total";
/// Requests answered with 4xx.
pub const CLIENT_ERRORS: &str = "gatewright_client_errors_total";
/// Requests answered with 5xx.
pub const SERVER_ERRORS: &str = "gatewright_server_errors_total";
/// Time from the request's head to the answer's head.
pub const LATENCY: &str = "gatewright_latency_seconds";
/// Client connections open on a node.
pub const OPEN_CONNECTIONS: &str = "gatewright_open_connections";
/// The epoch of the world that a node serves.
pub const WORLD_EPOCH: &str = "gatewright_world_epoch";
/// The revision number of the world that a node serves.
pub const WORLD_REVISION: &str = "gatewright_world_revision";
/// Stages in the world that a node serves.
pub const WORLD_STAGES: &str = "gatewright_world_stages";
/// 1 while a node has a stream to the control plane.
pub const CONNECTED: &str = "gatewright_control_plane_connected";
/// Seconds since a node last heard from the control plane.
pub const WORLD_AGE: &str = "gatewright_world_age_seconds";
/// Approximate memory of compiled deployments on a node.
pub const COMPILED_BYTES: &str = "gatewright_compiled_bytes";
/// How often a node swapped its snapshot.
pub const SNAPSHOT_SWAPS: &str = "gatewright_snapshot_swaps_total";
