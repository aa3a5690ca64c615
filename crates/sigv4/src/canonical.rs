//! The canonical form of a request: what is signed.

use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use crate::{ALGORITHM, Credential, Timestamp};

/// What is percent-encoded in names and values: all but the unreserved
/// characters of RFC 3986.
pub const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The same, with the slashes of a path kept.
const PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// A request as it stands on the wire.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The verb.
    pub method: &'a str,
    /// The path as sent, still percent-encoded.
    pub path: &'a str,
    /// The query as sent, without `?`.
    pub query: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The `:authority` of HTTP/2, used when there is no `host` header.
    pub authority: Option<&'a str>,
}

impl Request<'_> {
    /// A header's text; `None` when absent or not readable as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The SHA-256 of a body.
pub fn hash_body(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

/// Percent-encodes a name or value of a query.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// The parts of a canonical request that depend on how it was signed.
pub(crate) struct Rules<'a> {
    pub(crate) service: &'a str,
    /// Lower case, in the order in which they were listed.
    pub(crate) signed_headers: &'a [String],
    /// The last line.
    pub(crate) payload: &'a str,
}

/// The canonical request.
pub(crate) fn canonical_request(request: &Request<'_>, rules: &Rules<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    line(&mut out, request.method.as_bytes());
    line(&mut out, canonical_path(request.path, rules.service).as_bytes());
    line(&mut out, canonical_query(request.query).as_bytes());
    for name in rules.signed_headers {
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        canonical_value(&mut out, request, name);
        out.push(b'\n');
    }
    out.push(b'\n');
    line(&mut out, rules.signed_headers.join(";").as_bytes());
    out.extend_from_slice(rules.payload.as_bytes());
    out
}

/// What the key signs.
pub(crate) fn string_to_sign(
    canonical: &[u8],
    stamp: Timestamp,
    credential: &Credential,
) -> String {
    let hash = hex::encode(Sha256::digest(canonical));
    format!("{ALGORITHM}\n{stamp}\n{}\n{hash}", credential.scope())
}

fn line(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(text);
    out.push(b'\n');
}

/// All values of a header, trimmed, with runs of blanks made one.
fn canonical_value(out: &mut Vec<u8>, request: &Request<'_>, name: &str) {
    let mut values = request.headers.get_all(name).iter().map(http::HeaderValue::as_bytes);
    let first = values.next().or_else(|| {
        let authority = request.authority.filter(|_| name == "host");
        authority.map(str::as_bytes)
    });
    for (index, value) in first.into_iter().chain(values).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        for (place, word) in words.enumerate() {
            if place > 0 {
                out.push(b' ');
            }
            out.extend_from_slice(word);
        }
    }
}

/// Every service but S3 normalises the path as sent and encodes it once more.
fn canonical_path(path: &str, service: &str) -> String {
    if service == "s3" {
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        let encoded = utf8_percent_encode(&decoded, PATH).to_string();
        return if encoded.is_empty() { "/".to_owned() } else { encoded };
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            other => kept.push(other),
        }
    }
    let mut normal = String::with_capacity(path.len() + 1);
    for segment in &kept {
        normal.push('/');
        normal.push_str(segment);
    }
    if kept.is_empty() || path.ends_with('/') {
        normal.push('/');
    }
    utf8_percent_encode(&normal, PATH).to_string()
}

/// Pairs sorted by encoded name and value, without the signature itself.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (recode(name), recode(value))
        })
        .filter(|(name, _)| name != "X-Amz-Signature")
        .collect();
    pairs.sort();
    let texts: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    texts.join("&")
}

/// Undoes the client's percent-encoding and applies AWS's.
fn recode(text: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    percent_encoding::percent_encode(&bytes, UNRESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (sent, service, canonical) in [
            ("", "apigateway", "/"),
            ("/", "apigateway", "/"),
            ("/a/../b/./c//d/", "apigateway", "/b/c/d/"),
            ("/restapis/a%20b", "apigateway", "/restapis/a%2520b"),
            ("/a/../..", "apigateway", "/"),
            ("/%40connections/x%3D", "execute-api", "/%2540connections/x%253D"),
            ("/a//b/../c%20d", "s3", "/a//b/../c%20d"),
        ] {
            assert_eq!(canonical_path(sent, service), canonical, "{sent} {service}");
        }
    }

    #[test]
    fn queries() {
        for (sent, canonical) in [
            ("", ""),
            ("b=2&a=1", "a=1&b=2"),
            ("a&b=", "a=&b="),
            ("a=b/c", "a=b%2Fc"),
            ("a=%7E~%2f&X-Amz-Signature=00", "a=~~%2F"),
            ("a=2&a=1&A=3", "A=3&a=1&a=2"),
            ("&&a=x=y", "a=x%3Dy"),
        ] {
            assert_eq!(canonical_query(sent), canonical, "{sent}");
        }
    }
}
