//! The fleet protocol: generated messages, and their conversions to and from
//! the model. Only the two planes' edges speak it.

#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, reason = "generated code")]
mod generated {
    include!("gatewright.fleet.v1.rs");
}

pub use generated::*;

pub mod convert;

pub use convert::InvalidMessage;

/// The version of this protocol. A peer that speaks another one is refused
/// with a message that names both.
pub const PROTOCOL_VERSION: u32 = 1;

/// The largest chunk of a [`Chunk`] stream.
pub const CHUNK_BYTES: usize = 1024 * 1024;

/// The largest body of a test call, each way: it shares a message with headers
/// and a log.
pub const MAX_TEST_BODY_BYTES: usize = 4 * 1024 * 1024;

/// The largest message that either side accepts.
pub const MAX_MESSAGE_BYTES: usize = 8 * 1024 * 1024;
