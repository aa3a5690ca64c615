//! The one encoding of a deployment's content.
//!
//! A deployment is stored and sent as bytes under their SHA-256. The encoding
//! is JSON with members in declaration order and maps ordered by key, inside
//! an envelope that names its format. Every format ever released stays
//! readable; `tests/golden/deployments` holds examples of each.

use serde::{Deserialize, Serialize};

use crate::{Api, Digest};

/// The format that [`encode`] writes.
pub const FORMAT: u32 = 1;

#[derive(Serialize)]
struct EnvelopeRef<'a> {
    format: u32,
    api: &'a Api,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

#[derive(Deserialize)]
struct Envelope {
    api: Api,
}

/// Why bytes are not a deployment.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not JSON, or not of the shape of its format.
    #[error("malformed deployment content: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Written by a newer build.
    #[error("deployment format {0} is not known to this build (newest known: {FORMAT})")]
    UnknownFormat(u32),
}

/// A deployment's content, as it is stored and sent, with its address.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// SHA-256 of `bytes`.
    pub digest: Digest,
    /// The canonical encoding.
    pub bytes: Vec<u8>,
}

/// Encodes an API canonically: equal APIs give equal bytes.
pub fn encode(api: &Api) -> Encoded {
    let bytes = serde_json::to_vec(&EnvelopeRef { format: FORMAT, api })
        .expect("model types hold only string-keyed maps and finite numbers");
    Encoded { digest: Digest::of(&bytes), bytes }
}

/// Reads any format that was ever released.
///
/// # Errors
/// When the bytes are malformed or of a format that this build does not know.
pub fn decode(bytes: &[u8]) -> Result<Api, DecodeError> {
    let Format { format } = serde_json::from_slice(bytes)?;
    match format {
        1 => Ok(serde_json::from_slice::<Envelope>(bytes)?.api),
        unknown => Err(DecodeError::UnknownFormat(unknown)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::*;

    fn api() -> Api {
        let root = Resource {
            parent_id: None,
            path_part: String::new(),
            path: "/".into(),
            methods: [(HttpMethod::Any, Method::default())].into(),
        };
        let mut api = RestApi::new("a123456789".into(), "n");
        api.resources.insert("r".into(), root);
        Api::Rest(api)
    }

    #[test]
    fn round_trips_and_is_stable() {
        let encoded = encode(&api());
        assert_eq!(decode(&encoded.bytes).unwrap(), api());
        assert_eq!(encode(&decode(&encoded.bytes).unwrap()).digest, encoded.digest);
    }

    #[test]
    fn refuses_the_unknown() {
        assert!(matches!(decode(b"{\"format\":99}"), Err(DecodeError::UnknownFormat(99))));
        assert!(matches!(decode(b"{}"), Err(DecodeError::Malformed(_))));
        assert!(matches!(decode(b"\xff"), Err(DecodeError::Malformed(_))));
    }
}
