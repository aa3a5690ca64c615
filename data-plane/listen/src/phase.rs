//! The life of a node's listeners.

/// Where the listeners are. It only moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Accepts and answers.
    Serving,
    /// Accepts and answers, but every answer asks the client to go elsewhere.
    /// Readiness fails, so that load balancers stop sending.
    Draining,
    /// Sockets are closed; what is in flight is finished.
    Closing,
    /// The deadline has passed: what is left is cut.
    Cutting,
    /// Nothing is left.
    Closed,
}
