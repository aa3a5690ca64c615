//! Why a node does not start.

use std::{io, path::PathBuf};

/// Why a node does not start. What goes wrong later is logged and shown in
/// the status; it never ends a node.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The state directory cannot be made, read or locked.
    #[error("state directory {path}")]
    StateDir {
        /// The directory.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Another process uses the state directory.
    #[error("state directory {0} is in use by another process")]
    InUse(PathBuf),
    /// The node key is unusable.
    #[error("node key {0}")]
    NodeKey(String),
    /// A thread or the runtime could not be started.
    #[error("cannot start the sync threads")]
    Start(#[source] io::Error),
    /// The join token is not one.
    #[error(transparent)]
    Identity(#[from] crate::IdentityError),
    /// Neither a stored identity nor a join token.
    #[error("the node has not joined a fleet yet and no join token is given")]
    NoToken,
    /// Nothing to connect to.
    #[error("no control plane address is given and there is no world on disk")]
    NoControlPlane,
}
