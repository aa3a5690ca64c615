//! What can go wrong on the way to an origin, whose fault it is and whether
//! the request may be sent again.

use std::{io, net::IpAddr};

/// Any error, as bodies report them.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The client whose request body failed or came too slowly.
    Client,
    /// The origin, its network or its name servers.
    Upstream,
    /// This node: its configuration or its limits.
    Gateway,
}

/// A request that got no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The host has no address.
    #[error("cannot resolve {host}: {reason}")]
    Resolve {
        /// The name that was asked for.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// The network rules forbid every address of the host.
    #[error("address {0} is denied by the network rules")]
    Denied(IpAddr),
    /// No connection: refused, unreachable, out of descriptors.
    #[error("cannot connect to {address}")]
    Connect {
        /// The last address that was tried.
        address: IpAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No connection within the time for connecting.
    #[error("connecting timed out")]
    ConnectTimeout,
    /// The TLS handshake failed: certificate, name or protocol.
    #[error("tls handshake failed")]
    Tls(#[source] io::Error),
    /// No response head within the integration's timeout.
    #[error("no response in time")]
    Timeout,
    /// The response body stalled.
    #[error("response body stalled")]
    BodyTimeout,
    /// The connection closed before the whole answer was there.
    #[error("connection closed by the origin")]
    Closed {
        /// Nothing of the request can have been acted on, or it is idempotent
        /// and had no body.
        retry_safe: bool,
        /// What the connection said.
        #[source]
        source: Option<BoxError>,
    },
    /// The answer is not HTTP.
    #[error("invalid response from the origin")]
    BadResponse(#[source] BoxError),
    /// The client's request body failed.
    #[error("request body failed")]
    RequestBody(#[source] BoxError),
    /// The request itself cannot be sent (a bug in what built it).
    #[error("request cannot be sent")]
    BadRequest(#[source] BoxError),
}

impl Error {
    /// Who is at fault.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::RequestBody(_) => Fault::Client,
            Self::Denied(_) | Self::BadRequest(_) => Fault::Gateway,
            _ => Fault::Upstream,
        }
    }

    /// Whether the origin cannot have acted on the request, or would answer a
    /// second one alike.
    #[must_use]
    pub fn is_retry_safe(&self) -> bool {
        match self {
            Self::Resolve { .. } | Self::Connect { .. } | Self::ConnectTimeout | Self::Tls(_) => {
                true
            }
            Self::Closed { retry_safe, .. } => *retry_safe,
            _ => false,
        }
    }

    /// Whether the integration's time ran out, rather than its network failing.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout | Self::ConnectTimeout | Self::BodyTimeout)
    }

    /// A short fixed word for metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Resolve { .. } => "resolve",
            Self::Denied(_) => "denied",
            Self::Connect { .. } => "connect",
            Self::ConnectTimeout => "connect_timeout",
            Self::Tls(_) => "tls",
            Self::Timeout => "timeout",
            Self::BodyTimeout => "body_timeout",
            Self::Closed { .. } => "closed",
            Self::BadResponse(_) => "bad_response",
            Self::RequestBody(_) => "request_body",
            Self::BadRequest(_) => "bad_request",
        }
    }
}
