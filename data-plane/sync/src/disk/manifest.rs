//! The manifest: which world the log has to lead to.
//!
//! One line of JSON and one line with its HMAC. It is replaced in one step
//! after each batch of records, so that a log that lost records, or was put
//! back to an older state, is noticed.

use std::path::Path;

use ring::hmac;
use serde::{Deserialize, Serialize};

use super::Error;
use crate::{files, identity::NodeKey};

/// The format that this build writes and reads.
pub(super) const FORMAT: u32 = 1;
const MAX_BYTES: u64 = 4096;
const WHAT: &str = "the manifest";

/// What the manifest says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: u32,
    pub(super) epoch: u64,
    pub(super) number: u64,
    /// The root digest, hex.
    pub(super) root: String,
    /// The log segment in use.
    pub(super) generation: u64,
    /// How many of its records lead to this world.
    pub(super) records: u64,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

fn mac_key(key: &NodeKey) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &key.derive("manifest", b""))
}

impl Manifest {
    pub(super) fn write(&self, path: &Path, key: &NodeKey) -> Result<(), Error> {
        let mut text = serde_json::to_string(self).map_err(|_| Error::Malformed(WHAT))?;
        let tag = hmac::sign(&mac_key(key), text.as_bytes());
        text.push('\n');
        text.push_str(&hex::encode(tag));
        text.push('\n');
        files::write_atomically(path, text.as_bytes()).map_err(Error::io("write the manifest"))
    }

    /// Reads the manifest; `None` when there is none.
    pub(super) fn read(path: &Path, key: &NodeKey) -> Result<Option<Self>, Error> {
        let bytes = match files::read_within(path, MAX_BYTES) {
            Ok(None) => return Ok(None),
            Ok(Some(bytes)) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
                return Err(Error::TooLarge(WHAT));
            }
            Err(source) => return Err(Error::Io { action: "read the manifest", source }),
        };
        let malformed = || Error::Malformed(WHAT);
        let text = std::str::from_utf8(&bytes).map_err(|_| malformed())?;
        let (body, rest) = text.split_once('\n').ok_or_else(malformed)?;
        // The format is told before the tag is checked: another format may
        // sign in another way, and the operator should hear the true reason.
        let Format { format } = serde_json::from_str(body).map_err(|_| malformed())?;
        if format != FORMAT {
            return Err(Error::UnknownFormat { what: WHAT, format, known: FORMAT });
        }
        let tag = hex::decode(rest.trim_end()).map_err(|_| malformed())?;
        hmac::verify(&mac_key(key), body.as_bytes(), &tag)
            .map_err(|_| Error::NotAuthentic(WHAT))?;
        serde_json::from_str(body).map(Some).map_err(|_| malformed())
    }
}
