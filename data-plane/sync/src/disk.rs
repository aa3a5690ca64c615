//! The last good world on disk.
//!
//! ```text
//! world/
//!   manifest          what the world is: epoch, revision, root digest, log
//!                     generation and length; HMAC under the node key
//!   log.{generation}  every accepted change since the segment began, each
//!                     record sealed with AES-256-GCM
//!   contents/{sha256} the content of one deployment, sealed likewise
//! ```
//!
//! The world (names, versions, releases) is whole or refused: it has to lead
//! to the root digest that the manifest names. Records that are behind the
//! manifest, because a crash came between the two writes, count as far as they
//! are intact. Deployment contents stand apart, since each proves itself by
//! its name; a damaged one is fetched again and costs only its own stages.
//!
//! Writing is off the critical path: a world is swapped in, acknowledged and
//! served before it is on disk. A node that loses power in between comes back
//! with the world before, says so in its `Hello`, and gets the difference.

mod contents;
mod log;
mod manifest;
mod record;
pub(crate) mod seal;
mod store;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use contents::Contents;
pub(crate) use store::{Found, Store, replay};
pub(crate) use writer::{Disk, Job};

use std::io;

/// Why something on disk is not used, or cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system says no.
    #[error("{action}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// What came of it.
        source: io::Error,
    },
    /// Written under another node key, or tampered with.
    #[error("{0} is not authentic: another node key, or damaged")]
    NotAuthentic(&'static str),
    /// Written by another build.
    #[error("{what} has format {format}, this build knows {known}")]
    UnknownFormat {
        /// Which file.
        what: &'static str,
        /// Its format.
        format: u32,
        /// The one that this build knows.
        known: u32,
    },
    /// Not of the shape that its format has.
    #[error("{0} is malformed")]
    Malformed(&'static str),
    /// Larger than anything that this build writes.
    #[error("{0} is larger than its limit")]
    TooLarge(&'static str),
    /// Intact records end before the world that the manifest names.
    #[error("the log ends before the world that the manifest names")]
    Truncated,
    /// The records lead to another world than they say.
    #[error("the world on disk does not have the root digest that it names")]
    RootMismatch,
}

impl Error {
    fn io(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, source }
    }
}
