//! Why functions cannot be served.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a folder of functions cannot be read or served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `functions.toml` is not TOML, or declares what there is not.
    #[error("{}: {reason}", path.display())]
    Declaration {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place where that is known.
        reason: String,
    },
    /// A folder without any function.
    #[error(
        "{} holds no function: neither functions.toml, nor a folder with lambda_function.py, \
         app.py, index.mjs, index.js, app.mjs, bootstrap or Cargo.toml",
        path.display()
    )]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A function that can never run here.
    #[error("function {function}: {reason}")]
    Function {
        /// Its name.
        function: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    pub(crate) fn function(function: &str, reason: impl Into<String>) -> Self {
        Self::Function { function: function.to_owned(), reason: reason.into() }
    }
}
