//! Signatures of AWS's version 4.

use gw_sigv4::{Presented, Request, Signer, SigningKey, hash_body, is_signed, presign, sign};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use time::{OffsetDateTime, macros::datetime};

const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);
const SIGNER: Signer<'_> = Signer {
    access_key: "AKIDEXAMPLE",
    secret: "secret",
    security_token: None,
    region: "us-east-1",
    service: "apigateway",
};

/// `VERB path?query`, header lines, an empty line, a body; any part may lack.
struct Text<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: HeaderMap,
    body: &'a [u8],
}

impl<'a> Text<'a> {
    fn read(data: &'a [u8]) -> Option<Self> {
        let end = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
        let (head, body) = (&data[..end], data.get(end + 2..).unwrap_or_default());
        let mut lines = head.split(|b| *b == b'\n');
        let first = std::str::from_utf8(lines.next()?).ok()?;
        let (method, target) = first.split_once(' ')?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = HeaderMap::new();
        for line in lines.take(100) {
            let colon = line.iter().position(|b| *b == b':')?;
            let name = HeaderName::from_bytes(&line[..colon]).ok()?;
            headers.append(name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?);
        }
        Some(Self { method, path, query, headers, body })
    }

    fn request<'r>(&'r self, query: &'r str, headers: &'r HeaderMap) -> Request<'r> {
        Request { method: self.method, path: self.path, query, headers, authority: Some("a") }
    }
}

/// Reads and judges whatever a request presents.
pub(super) fn presented(data: &[u8]) {
    let Some(text) = Text::read(data) else { return };
    let request = text.request(text.query, &text.headers);
    let Ok(presented) = Presented::parse(&request) else { return };
    assert!(is_signed(&request));
    let key = SigningKey::for_credential(SIGNER.secret, &presented.credential);
    for now in [NOW, presented.stamp.moment()] {
        let _ = presented.verify(&request, &hash_body(text.body), &key, now);
    }
}

/// Whatever is signed by us is verified by us, in both forms.
pub(super) fn signed(data: &[u8]) {
    let Some(mut text) = Text::read(data) else { return };
    text.headers.remove(header::AUTHORIZATION);
    text.headers.remove("x-amz-content-sha256");
    let body = hash_body(text.body);
    let query = presign(&text.request(text.query, &text.headers), &body, &SIGNER, 60, NOW);
    // What comes first in the query counts, and that is not ours then.
    if !text.query.contains("X-Amz-") {
        verify(&text.request(&query, &text.headers), &body);
    }
    let unsigned = text.headers.clone();
    let added = sign(&text.request(text.query, &unsigned), &body, &SIGNER, NOW);
    for (name, value) in added.expect("an ordinary key fits a header") {
        text.headers.insert(name, value);
    }
    verify(&text.request(text.query, &text.headers), &body);
}

fn verify(request: &Request<'_>, body: &[u8; 32]) {
    let presented = Presented::parse(request).expect("a signature of ours reads");
    let key = SigningKey::for_credential(SIGNER.secret, &presented.credential);
    presented.verify(request, body, &key, NOW).expect("a signature of ours is right");
}
