//! The client's side: adding a signature to a request.

use http::{HeaderMap, HeaderName, HeaderValue, header::InvalidHeaderValue};
use time::OffsetDateTime;

use crate::{
    ALGORITHM, Credential, Request, SigningKey, Timestamp,
    canonical::{Rules, canonical_request, encode, string_to_sign},
};

/// Who signs, and for what.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// The access key's id.
    pub access_key: &'a str,
    /// Its secret.
    pub secret: &'a str,
    /// A session token, for temporary credentials.
    pub security_token: Option<&'a str>,
    /// The region, such as `us-east-1`.
    pub region: &'a str,
    /// The signing name of the service, such as `apigateway`.
    pub service: &'a str,
}

impl std::fmt::Debug for Signer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("access_key", &self.access_key)
            .field("region", &self.region)
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

impl Signer<'_> {
    fn credential(&self, stamp: Timestamp) -> Credential {
        Credential {
            access_key: self.access_key.to_owned(),
            date: stamp.day(),
            region: self.region.to_owned(),
            service: self.service.to_owned(),
        }
    }
}

/// The signature of a request with the day's key.
fn signature(
    request: &Request<'_>,
    credential: &Credential,
    key: &SigningKey,
    stamp: Timestamp,
    names: &[String],
    payload: &str,
) -> String {
    let rules = Rules { service: &credential.service, signed_headers: names, payload };
    let text = string_to_sign(&canonical_request(request, &rules), stamp, credential);
    hex::encode(key.sign(&text))
}

/// The headers to add to a request, `authorization` last. Signed are `host`
/// (which the request must carry, or an authority), `content-type` and all
/// `x-amz-*`; others may be changed by what stands between.
///
/// # Errors
/// When the access key or token cannot stand in a header.
pub fn sign(
    request: &Request<'_>,
    body: &[u8; 32],
    signer: &Signer<'_>,
    now: OffsetDateTime,
) -> Result<Vec<(HeaderName, HeaderValue)>, InvalidHeaderValue> {
    let credential = signer.credential(Timestamp::new(now));
    let key = SigningKey::for_credential(signer.secret, &credential);
    sign_with(request, body, &credential, &key, signer.security_token, now)
}

/// As [`sign`], with a key that was derived before: it holds for the day,
/// region and service of `credential`.
///
/// # Errors
/// As [`sign`].
pub fn sign_with(
    request: &Request<'_>,
    body: &[u8; 32],
    credential: &Credential,
    key: &SigningKey,
    security_token: Option<&str>,
    now: OffsetDateTime,
) -> Result<Vec<(HeaderName, HeaderValue)>, InvalidHeaderValue> {
    let stamp = Timestamp::new(now);
    let payload = hex::encode(body);
    let mut added = vec![
        (HeaderName::from_static("x-amz-date"), HeaderValue::from_str(&stamp.to_string())?),
        (HeaderName::from_static("x-amz-content-sha256"), HeaderValue::from_str(&payload)?),
    ];
    if let Some(token) = security_token {
        let name = HeaderName::from_static("x-amz-security-token");
        added.push((name, HeaderValue::from_str(token)?));
    }
    let mut headers: HeaderMap = request.headers.clone();
    for (name, value) in &added {
        headers.insert(name, value.clone());
    }
    let mut names: Vec<String> = headers
        .keys()
        .map(HeaderName::as_str)
        .filter(|name| *name == "content-type" || name.starts_with("x-amz-"))
        .map(str::to_owned)
        .collect();
    names.push("host".to_owned());
    names.sort();
    let complete = Request { headers: &headers, ..*request };
    let signature = signature(&complete, credential, key, stamp, &names, &payload);
    let text = format!(
        "{ALGORITHM} Credential={credential}, SignedHeaders={}, Signature={signature}",
        names.join(";")
    );
    added.push((http::header::AUTHORIZATION, HeaderValue::from_str(&text)?));
    Ok(added)
}

/// The query of a presigned request, which lets its bearer in for
/// `expires` seconds; only `host` is signed beside it.
pub fn presign(
    request: &Request<'_>,
    body: &[u8; 32],
    signer: &Signer<'_>,
    expires: u32,
    now: OffsetDateTime,
) -> String {
    let stamp = Timestamp::new(now);
    let mut query = request.query.to_owned();
    let mut add = |name: &str, value: &str| {
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(name);
        query.push('=');
        query.push_str(&encode(value));
    };
    add("X-Amz-Algorithm", ALGORITHM);
    add("X-Amz-Credential", &signer.credential(stamp).to_string());
    add("X-Amz-Date", &stamp.to_string());
    add("X-Amz-Expires", &expires.to_string());
    add("X-Amz-SignedHeaders", "host");
    if let Some(token) = signer.security_token {
        add("X-Amz-Security-Token", token);
    }
    let names = ["host".to_owned()];
    let complete = Request { query: &query, ..*request };
    let credential = signer.credential(stamp);
    let key = SigningKey::for_credential(signer.secret, &credential);
    let signature = signature(&complete, &credential, &key, stamp, &names, &hex::encode(body));
    format!("{query}&X-Amz-Signature={signature}")
}
