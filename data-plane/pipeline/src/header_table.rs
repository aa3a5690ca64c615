//! Which headers pass through HTTP_PROXY, in both directions.
//!
//! Both tables work in place on the map that came from the wire: one pass over
//! the names says what is to be done, and an ordinary request has little to do.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use smallvec::SmallVec;

/// What becomes of a backend's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Drop,
    /// Comes back under this name.
    Remap(&'static HeaderName),
    /// Passes, and comes back under this name as well.
    Copy(&'static HeaderName),
}

static AUTHORIZATION: HeaderName = HeaderName::from_static("x-amzn-remapped-authorization");
static CONNECTION: HeaderName = HeaderName::from_static("x-amzn-remapped-connection");
static CONTENT_LENGTH: HeaderName = HeaderName::from_static("x-amzn-remapped-content-length");
static CONTENT_MD5: HeaderName = HeaderName::from_static("x-amzn-remapped-content-md5");
static DATE: HeaderName = HeaderName::from_static("x-amzn-remapped-date");
static MAX_FORWARDS: HeaderName = HeaderName::from_static("x-amzn-remapped-max-forwards");
static SERVER: HeaderName = HeaderName::from_static("x-amzn-remapped-server");
static USER_AGENT: HeaderName = HeaderName::from_static("x-amzn-remapped-user-agent");
static WWW_AUTHENTICATE: HeaderName = HeaderName::from_static("x-amzn-remapped-www-authenticate");
static REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-remapped-x-amzn-requestid");

/// Takes out of a client's headers what the backend must not see.
///
/// AWS passes `Connection` on to HTTP_PROXY backends; here connections to
/// backends are pooled, so everything hop-by-hop stays out: `Connection`, what
/// it names, and its relatives.
pub(crate) fn clean_request(headers: &mut HeaderMap) {
    let mut named: SmallVec<[HeaderName; 4]> = SmallVec::new();
    for value in headers.get_all(header::CONNECTION) {
        let tokens = value.to_str().unwrap_or_default().split(',');
        named.extend(tokens.filter_map(|token| token.trim().parse::<HeaderName>().ok()));
    }
    let mut dropped: SmallVec<[HeaderName; 8]> = SmallVec::new();
    for (name, value) in &*headers {
        if is_dropped_from_request(name.as_str())
            || (*name == header::AUTHORIZATION && is_signature(value))
        {
            dropped.push(name.clone());
        }
    }
    // The length belongs to the message, whatever a client claims.
    for name in named.iter().filter(|name| **name != header::CONTENT_LENGTH).chain(&dropped) {
        headers.remove(name);
    }
}

/// Drops and renames what a backend's answer must not say in our name.
///
/// AWS was recorded to drop `Content-Encoding` here, though its own table lets
/// it pass; without it a client cannot read the body, so it passes.
pub(crate) fn remap_response(headers: &mut HeaderMap) {
    let mut fates: SmallVec<[(HeaderName, Fate); 8]> = SmallVec::new();
    for name in headers.keys() {
        if let Some(fate) = fate_in_response(name.as_str()) {
            fates.push((name.clone(), fate));
        }
    }
    for (name, fate) in fates {
        match fate {
            Fate::Drop => {
                headers.remove(&name);
            }
            Fate::Remap(to) => rename(headers, &name, to),
            Fate::Copy(to) => {
                if let Some(value) = headers.get(&name).cloned() {
                    headers.insert(to, value);
                }
            }
        }
    }
}

fn rename(headers: &mut HeaderMap, from: &HeaderName, to: &'static HeaderName) {
    let values: SmallVec<[HeaderValue; 1]> = match headers.entry(from) {
        header::Entry::Occupied(entry) => entry.remove_entry_mult().1.collect(),
        header::Entry::Vacant(_) => return,
    };
    // A backend does not get to answer in the name of a remapped header.
    headers.remove(to);
    for value in values {
        headers.append(to, value);
    }
}

fn is_dropped_from_request(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "content-encoding"
            | "content-md5"
            | "expect"
            | "host"
            | "http2-settings"
            | "keep-alive"
            | "max-forwards"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "server"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "via"
            | "www-authenticate"
    )
}

fn fate_in_response(name: &str) -> Option<Fate> {
    Some(match name {
        "expect" | "host" | "keep-alive" | "proxy-authenticate" | "proxy-connection" | "te"
        | "trailer" | "transfer-encoding" | "upgrade" | "via" => Fate::Drop,
        "authorization" => Fate::Remap(&AUTHORIZATION),
        "connection" => Fate::Remap(&CONNECTION),
        "content-length" => Fate::Copy(&CONTENT_LENGTH),
        "content-md5" => Fate::Remap(&CONTENT_MD5),
        "date" => Fate::Remap(&DATE),
        "max-forwards" => Fate::Remap(&MAX_FORWARDS),
        "server" => Fate::Remap(&SERVER),
        "user-agent" => Fate::Remap(&USER_AGENT),
        "www-authenticate" => Fate::Remap(&WWW_AUTHENTICATE),
        "x-amzn-requestid" => Fate::Remap(&REQUEST_ID),
        _ => return None,
    })
}

/// A SigV4 signature is for us and says nothing to a backend.
fn is_signature(value: &HeaderValue) -> bool {
    value.as_bytes().starts_with(b"AWS4-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(n, v): &(&'static str, &'static str)| {
            (HeaderName::from_static(n), HeaderValue::from_static(v))
        };
        let mut map = HeaderMap::new();
        for (name, value) in pairs.iter().map(pair) {
            map.append(name, value);
        }
        map
    }

    #[test]
    fn request_table() {
        for name in [
            "accept",
            "accept-charset",
            "accept-encoding",
            "age",
            "content-type",
            "date",
            "pragma",
            "range",
            "referer",
            "user-agent",
            "warn",
            "x-anything",
            "cookie",
            "content-length",
        ] {
            let mut headers = map(&[(name, "v")]);
            clean_request(&mut headers);
            assert_eq!(headers, map(&[(name, "v")]), "{name} passes");
        }
        for name in [
            "connection",
            "content-encoding",
            "content-md5",
            "expect",
            "host",
            "max-forwards",
            "proxy-authenticate",
            "server",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "via",
            "www-authenticate",
            "keep-alive",
            "proxy-connection",
        ] {
            let mut headers = map(&[(name, "v"), (name, "w")]);
            clean_request(&mut headers);
            assert!(headers.is_empty(), "{name} is dropped");
        }
    }

    #[test]
    fn authorization_passes_unless_signed() {
        let check = |value: &'static str, passes: bool| {
            let mut headers = map(&[("authorization", value)]);
            clean_request(&mut headers);
            assert_eq!(!headers.is_empty(), passes, "{value}");
        };
        check("Bearer x", true);
        check("AWS4-HMAC-SHA256 Credential=a", false);
        check("AWS4-ECDSA-P256-SHA256 Credential=a", false);
    }

    #[test]
    fn connection_names_are_dropped_with_it() {
        let mut headers = map(&[
            ("connection", "close, X-Secret ,, content-length"),
            ("x-secret", "1"),
            ("x-kept", "2"),
            ("content-length", "3"),
        ]);
        clean_request(&mut headers);
        assert_eq!(headers, map(&[("x-kept", "2"), ("content-length", "3")]));
    }

    #[test]
    fn response_table() {
        for name in [
            "accept",
            "accept-charset",
            "accept-encoding",
            "age",
            "content-type",
            "content-encoding",
            "pragma",
            "range",
            "referer",
            "warn",
            "set-cookie",
            "x-anything",
        ] {
            let mut headers = map(&[(name, "v"), (name, "w")]);
            remap_response(&mut headers);
            assert_eq!(headers, map(&[(name, "v"), (name, "w")]), "{name} passes");
        }
        for name in [
            "expect",
            "proxy-authenticate",
            "te",
            "host",
            "transfer-encoding",
            "trailer",
            "upgrade",
            "via",
            "keep-alive",
        ] {
            let mut headers = map(&[(name, "v")]);
            remap_response(&mut headers);
            assert!(headers.is_empty(), "{name} is dropped");
        }
        for (name, remapped) in [
            ("authorization", "x-amzn-remapped-authorization"),
            ("connection", "x-amzn-remapped-connection"),
            ("content-md5", "x-amzn-remapped-content-md5"),
            ("date", "x-amzn-remapped-date"),
            ("max-forwards", "x-amzn-remapped-max-forwards"),
            ("server", "x-amzn-remapped-server"),
            ("user-agent", "x-amzn-remapped-user-agent"),
            ("www-authenticate", "x-amzn-remapped-www-authenticate"),
            ("x-amzn-requestid", "x-amzn-remapped-x-amzn-requestid"),
        ] {
            let mut headers = map(&[(name, "v"), (name, "w")]);
            remap_response(&mut headers);
            assert_eq!(headers, map(&[(remapped, "v"), (remapped, "w")]), "{name} is remapped");
        }
        let mut headers = map(&[("content-length", "5")]);
        remap_response(&mut headers);
        let both = map(&[("content-length", "5"), ("x-amzn-remapped-content-length", "5")]);
        assert_eq!(headers, both);
    }
}
