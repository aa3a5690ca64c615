//! As whom we call: a bearer token, or a SigV4 signature.

use std::fmt;

use bytes::Bytes;
use http::{HeaderValue, Request, header};
use http_body_util::Full;
use time::OffsetDateTime;

use crate::error::{Error, Result};

/// The signing name of Amazon API Gateway's management API.
const SERVICE: &str = "apigateway";

/// A caller's proof.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Auth {
    /// A token that `gwctl up` or an administrator made.
    Bearer(String),
    /// An access key, with which each request is signed.
    Keys { id: String, secret: String, session_token: Option<String>, region: String },
}

impl fmt::Debug for Auth {
    /// Names the caller and keeps the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Auth::Bearer(_) => f.write_str("Bearer(..)"),
            Auth::Keys { id, region, .. } => write!(f, "Keys({id}, {region})"),
        }
    }
}

impl Auth {
    /// Adds the proof to a request whose body is `body`.
    pub(crate) fn apply(&self, request: &mut Request<Full<Bytes>>, body: &[u8]) -> Result<()> {
        let unfit = |_| Error::usage("the credentials hold a character that no header can carry");
        match self {
            Auth::Bearer(token) => {
                let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(unfit)?;
                value.set_sensitive(true);
                request.headers_mut().insert(header::AUTHORIZATION, value);
            }
            Auth::Keys { id, secret, session_token, region } => {
                let signer = gw_sigv4::Signer {
                    access_key: id,
                    secret,
                    security_token: session_token.as_deref(),
                    region,
                    service: SERVICE,
                };
                let head = gw_sigv4::Request {
                    method: request.method().as_str(),
                    path: request.uri().path(),
                    query: request.uri().query().unwrap_or_default(),
                    headers: request.headers(),
                    authority: None,
                };
                let hash = gw_sigv4::hash_body(body);
                let added = gw_sigv4::sign(&head, &hash, &signer, OffsetDateTime::now_utc())
                    .map_err(unfit)?;
                request.headers_mut().extend(added);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn request() -> Request<Full<Bytes>> {
        Request::get("/restapis?limit=500").header("host", "h:1").body(Full::default()).unwrap()
    }

    #[test]
    fn a_token_travels_in_its_header_and_is_never_printed() {
        let auth = Auth::Bearer("gwt1.a.b".into());
        let mut request = request();
        auth.apply(&mut request, b"").unwrap();
        assert_eq!(request.headers()["authorization"], "Bearer gwt1.a.b");
        assert!(!format!("{auth:?}{request:?}").contains("gwt1"));
    }

    #[test]
    fn keys_sign_in_their_region() {
        let auth = Auth::Keys {
            id: "AKIDEXAMPLE".into(),
            secret: "s3cr3t".into(),
            session_token: None,
            region: "eu-central-1".into(),
        };
        let mut request = request();
        auth.apply(&mut request, b"").unwrap();
        let header = request.headers()["authorization"].to_str().unwrap().to_owned();
        assert!(header.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{header}");
        assert!(header.contains("/eu-central-1/apigateway/aws4_request"), "{header}");
        assert!(!format!("{auth:?}").contains("s3cr3t"));
    }
}
