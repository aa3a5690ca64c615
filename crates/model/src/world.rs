//! The names of what a node holds, and the digest of all of it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{AccountId, ApiId, FactName, NodeId, Region, Scope, StageName};

/// Which stage, of all that a fleet serves: account and region, API, name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StageKey {
    /// The owner.
    pub scope: Scope,
    /// The API.
    pub api: ApiId,
    /// The stage's name.
    pub stage: StageName,
}

impl fmt::Display for StageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.scope, self.api, self.stage)
    }
}

/// The name of one versioned resource of a node's world. New kinds may be
/// added; a node that does not know a kind keeps it unread, so that its root
/// digest still agrees.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceName {
    /// A stage at the release assigned to the node.
    Stage(StageKey),
    /// Facts about one node: its slot and peer address.
    Node(NodeId),
    /// A fact beside stages, such as an API key.
    Fact(FactName),
    /// A kind that this build does not know, kept as its full name.
    Other(String),
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(key) => write!(f, "stage/{key}"),
            Self::Node(node) => write!(f, "node/{node}"),
            Self::Fact(name) => name.fmt(f),
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// A resource name without a kind or with missing parts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid resource name {0:?}")]
pub struct InvalidResourceName(pub String);

impl FromStr for ResourceName {
    type Err = InvalidResourceName;

    fn from_str(text: &str) -> Result<Self, InvalidResourceName> {
        let invalid = || InvalidResourceName(text.to_owned());
        let (kind, rest) = text.split_once('/').ok_or_else(invalid)?;
        match kind {
            "stage" => {
                let mut parts = rest.split('/').filter(|part| !part.is_empty());
                let mut next = || parts.next().ok_or_else(invalid);
                let scope =
                    Scope { account: AccountId::new(next()?), region: Region::new(next()?) };
                let key =
                    StageKey { scope, api: ApiId::new(next()?), stage: StageName::new(next()?) };
                if parts.next().is_some() { Err(invalid()) } else { Ok(Self::Stage(key)) }
            }
            "node" if !rest.is_empty() => Ok(Self::Node(NodeId::new(rest))),
            "node" | "" => Err(invalid()),
            // A known kind with parts of another build is kept unread, too.
            _ => Ok(text.parse().map_or_else(|_| Self::Other(text.to_owned()), Self::Fact)),
        }
    }
}

/// The digest of a whole world: the sum, lane by lane, of a hash of each
/// entry. Order does not matter and one entry can be added or taken away
/// without reading the others, so one change among a million costs one hash.
/// It finds accidents (a lost or doubled change); the stream's mutual TLS is
/// what keeps out attackers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct RootDigest([u64; 4]);

impl RootDigest {
    /// Takes in an entry.
    pub fn add(&mut self, name: &str, version: u64, content: &[u8]) {
        for (lane, part) in self.0.iter_mut().zip(lanes(name, version, content)) {
            *lane = lane.wrapping_add(part);
        }
    }

    /// Takes out an entry that was taken in before.
    pub fn remove(&mut self, name: &str, version: u64, content: &[u8]) {
        for (lane, part) in self.0.iter_mut().zip(lanes(name, version, content)) {
            *lane = lane.wrapping_sub(part);
        }
    }

    /// The digest as 32 bytes.
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, lane) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&lane.to_be_bytes());
        }
        bytes
    }

    /// Reads 32 bytes; `None` for any other length.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 32] = bytes.try_into().ok()?;
        let mut lanes = [0; 4];
        for (lane, chunk) in lanes.iter_mut().zip(bytes.chunks_exact(8)) {
            *lane = u64::from_be_bytes(chunk.try_into().ok()?);
        }
        Some(Self(lanes))
    }
}

fn lanes(name: &str, version: u64, content: &[u8]) -> [u64; 4] {
    let mut hash = Sha256::new();
    hash.update((name.len() as u64).to_be_bytes());
    hash.update(name);
    hash.update(version.to_be_bytes());
    hash.update(content);
    let bytes: [u8; 32] = hash.finalize().into();
    let mut lanes = [0; 4];
    for (lane, chunk) in lanes.iter_mut().zip(bytes.chunks_exact(8)) {
        let mut part = [0; 8];
        part.copy_from_slice(chunk);
        *lane = u64::from_be_bytes(part);
    }
    lanes
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for text in ["stage/000000000000/us-east-1/abc/prod", "node/n1", "key/anything/at/all"] {
            assert_eq!(text.parse::<ResourceName>().unwrap().to_string(), text);
        }
        for text in ["", "stage", "stage/a/b/c", "stage/a/b/c/d/e", "node/", "/x"] {
            assert!(text.parse::<ResourceName>().is_err(), "{text}");
        }
    }

    #[test]
    fn root_digest_forgets_order_and_takes_back() {
        let (mut a, mut b) = (RootDigest::default(), RootDigest::default());
        a.add("x", 1, b"1");
        a.add("y", 2, b"2");
        b.add("y", 2, b"2");
        b.add("z", 9, b"3");
        b.add("x", 1, b"1");
        assert_ne!(a, b);
        b.remove("z", 9, b"3");
        assert_eq!(a, b);
        assert_eq!(RootDigest::from_slice(&a.to_bytes()), Some(a));
    }
}
