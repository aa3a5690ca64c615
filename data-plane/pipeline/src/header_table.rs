//! Which headers pass through HTTP_PROXY, in both directions.
//!
//! Each header is looked at once, on its way from one socket to the other.
//! Other integrations rename other headers: `docs/ARCHITECTURE.md`, "Renamed
//! headers", has the tables side by side.

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

/// What the names of renamed headers begin with.
const REMAPPED: &str = "x-amzn-remapped-";
/// The longest name in the table of answers.
const LONGEST: usize = "proxy-authenticate".len();

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

/// What becomes of a client's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestFate {
    Pass,
    Drop,
    /// Continued, not passed as it is.
    Trace,
    ForwardedFor,
}

/// What the backend gets to see of a client's header. What the `Connection`
/// header names stays out as well: see [`named_by_connection`].
///
/// AWS passes `Connection` on to HTTP_PROXY backends; here connections to
/// backends are pooled, so everything hop-by-hop stays out.
pub(crate) fn request_fate(name: &str, value: &HeaderValue) -> RequestFate {
    match name {
        "x-amzn-trace-id" => RequestFate::Trace,
        "x-forwarded-for" => RequestFate::ForwardedFor,
        // The node says these itself.
        "x-forwarded-port" | "x-forwarded-proto" | "x-amzn-apigateway-api-id" => RequestFate::Drop,
        // Spent: the request goes on by that verb. Who wants it maps it.
        "x-http-method-override" => RequestFate::Drop,
        "authorization" if is_signature(value) => RequestFate::Drop,
        _ if is_dropped_from_request(name) => RequestFate::Drop,
        _ => RequestFate::Pass,
    }
}

/// What a function's event says of a client's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventFate {
    /// As it was sent.
    Pass,
    Drop,
    /// Under this name, however it was sent.
    Named(&'static str),
}

/// AWS's own networks capitalise two names; `Host` is one of ours, since
/// HTTP/2 has none. What the gateway says itself is left out here.
pub(crate) fn event_fate(name: &str, value: &HeaderValue) -> EventFate {
    match name {
        "host" => EventFate::Named("Host"),
        "user-agent" => EventFate::Named("User-Agent"),
        "authorization" if is_signature(value) => EventFate::Drop,
        "authorization" => EventFate::Named("Authorization"),
        "content-length" | "x-amzn-trace-id" | "x-forwarded-for" | "x-forwarded-port"
        | "x-forwarded-proto" => EventFate::Drop,
        "content-encoding" | "via" => EventFate::Pass,
        _ if is_dropped_from_request(name) => EventFate::Drop,
        _ => EventFate::Pass,
    }
}

/// The headers that a client declared to be hop-by-hop. The length is not
/// among them: it belongs to the message, whatever a client claims.
pub(crate) fn named_by_connection(headers: &HeaderMap) -> SmallVec<[HeaderName; 2]> {
    let mut named = SmallVec::new();
    for value in headers.get_all(header::CONNECTION) {
        let tokens = value.to_str().unwrap_or_default().split(',').map(str::trim);
        let names = tokens.filter(|token| !is_common_option(token));
        named.extend(names.filter_map(|token| token.parse::<HeaderName>().ok()));
    }
    named.retain(|name| *name != header::CONTENT_LENGTH);
    named
}

/// What nearly every `Connection` header says names no header.
fn is_common_option(token: &str) -> bool {
    token.eq_ignore_ascii_case("keep-alive") || token.eq_ignore_ascii_case("close")
}

/// Puts a header of a backend's answer into that of the client, dropped or
/// renamed as AWS does, so that nothing is said in our name.
///
/// AWS was recorded to drop `Content-Encoding` here, though its own table lets
/// it pass; without it a client cannot read the body, so it passes.
pub(crate) fn store_response(headers: &mut HeaderMap, name: &[u8], value: HeaderValue) {
    let mut lower = [0; LONGEST];
    let fate = lower.get_mut(..name.len()).and_then(|lower| {
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        fate_in_response(lower)
    });
    match fate {
        Some(Fate::Drop) => {}
        Some(Fate::Remap(to)) => append_remapped(headers, to, value),
        Some(Fate::Copy(to)) => {
            append_remapped(headers, to, value.clone());
            headers.insert(header::CONTENT_LENGTH, value);
        }
        None => {
            // The parser has taken the name; `http` takes the same.
            let Ok(name) = HeaderName::from_bytes(name) else { return };
            // A backend does not get to answer in the name of a remapped
            // header, whichever comes first.
            if name.as_str().starts_with(REMAPPED) {
                store_claimed(headers, name, value);
            } else {
                headers.append(name, value);
            }
        }
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

fn fate_in_response(name: &[u8]) -> Option<Fate> {
    Some(match name {
        b"expect"
        | b"host"
        | b"keep-alive"
        | b"proxy-authenticate"
        | b"proxy-connection"
        | b"te"
        | b"trailer"
        | b"transfer-encoding"
        | b"upgrade"
        | b"via" => Fate::Drop,
        b"authorization" => Fate::Remap(&AUTHORIZATION),
        b"connection" => Fate::Remap(&CONNECTION),
        b"content-length" => Fate::Copy(&CONTENT_LENGTH),
        b"content-md5" => Fate::Remap(&CONTENT_MD5),
        b"date" => Fate::Remap(&DATE),
        b"max-forwards" => Fate::Remap(&MAX_FORWARDS),
        b"server" => Fate::Remap(&SERVER),
        b"user-agent" => Fate::Remap(&USER_AGENT),
        b"www-authenticate" => Fate::Remap(&WWW_AUTHENTICATE),
        b"x-amzn-requestid" => Fate::Remap(&REQUEST_ID),
        _ => return None,
    })
}

/// Adds a renamed header; it takes the place of what the backend said under
/// that name itself.
fn append_remapped(headers: &mut HeaderMap, to: &'static HeaderName, value: HeaderValue) {
    match headers.entry(to) {
        header::Entry::Occupied(mut entry) if !entry.get().is_sensitive() => entry.append(value),
        header::Entry::Occupied(mut entry) => {
            entry.insert(value);
        }
        header::Entry::Vacant(entry) => {
            entry.insert(value);
        }
    }
}

/// Adds a header that the backend named like a renamed one, unless there is a
/// renamed one. Its values are marked as sensitive, to be known again.
fn store_claimed(headers: &mut HeaderMap, name: HeaderName, mut value: HeaderValue) {
    if headers.get(&name).is_none_or(HeaderValue::is_sensitive) {
        value.set_sensitive(true);
        headers.append(name, value);
    }
}

/// A SigV4 signature is for us and says nothing to a backend.
fn is_signature(value: &HeaderValue) -> bool {
    value.as_bytes().starts_with(b"AWS4-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean_request(headers: &mut HeaderMap) {
        let named = named_by_connection(headers);
        let passes = |(name, value): &(&HeaderName, &HeaderValue)| {
            request_fate(name.as_str(), value) == RequestFate::Pass && !named.contains(name)
        };
        let kept = headers.iter().filter(passes);
        *headers = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    }

    fn remap_response(headers: &mut HeaderMap) {
        let mut stored = HeaderMap::new();
        for (name, value) in &*headers {
            // As an origin may write it.
            let name = name.as_str().to_ascii_uppercase();
            store_response(&mut stored, name.as_bytes(), value.clone());
        }
        *headers = stored;
    }

    #[test]
    fn backends_do_not_speak_in_the_name_of_renamed_headers() {
        for pairs in [
            &[("date", "1"), ("x-amzn-remapped-date", "2"), ("x-amzn-remapped-date", "3")],
            &[("x-amzn-remapped-date", "2"), ("x-amzn-remapped-date", "3"), ("date", "1")],
        ] {
            let mut headers = map(pairs);
            remap_response(&mut headers);
            assert_eq!(headers, map(&[("x-amzn-remapped-date", "1")]));
        }
        let mut headers = map(&[("x-amzn-remapped-date", "2"), ("x-amzn-remapped-date", "3")]);
        remap_response(&mut headers);
        assert_eq!(headers.get_all("x-amzn-remapped-date").iter().count(), 2);
    }

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
            "x-http-method-override",
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
