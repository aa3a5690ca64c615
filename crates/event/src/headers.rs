//! What becomes of the headers that a function gives.
//!
//! Other integrations rename other headers: `docs/ARCHITECTURE.md`, "Renamed
//! headers", has the tables side by side.

use http::{HeaderName, HeaderValue, header};

/// A function's headers as the client gets them. `Connection`,
/// `Content-Length`, `Date` and `Server` come back under another name, as they
/// are the gateway's own; `Transfer-Encoding` is dropped, as framing is too.
/// A streamed answer keeps the length that it announces.
pub(crate) fn renamed(
    given: Vec<(HeaderName, HeaderValue)>,
    is_streamed: bool,
) -> Vec<(HeaderName, HeaderValue)> {
    let mut has_length = false;
    let mut keep = |(name, value): (HeaderName, HeaderValue)| {
        let name = match name {
            header::TRANSFER_ENCODING => return None,
            header::CONTENT_LENGTH if is_streamed => {
                // One, and a number: else the stream's end is the end.
                let is_number = value.as_bytes().iter().all(u8::is_ascii_digit);
                let is_one = is_number && (1..=18).contains(&value.len());
                return (is_one && !std::mem::replace(&mut has_length, true))
                    .then_some((name, value));
            }
            header::CONTENT_LENGTH => HeaderName::from_static("x-amzn-remapped-content-length"),
            header::CONNECTION => HeaderName::from_static("x-amzn-remapped-connection"),
            header::DATE => HeaderName::from_static("x-amzn-remapped-date"),
            header::SERVER => HeaderName::from_static("x-amzn-remapped-server"),
            name => name,
        };
        Some((name, value))
    };
    given.into_iter().filter_map(&mut keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &[(&'static str, &'static str)], streamed: bool, expected: &[(&str, &str)]) {
        let pair = |(n, v): &(&'static str, &'static str)| {
            (HeaderName::from_static(n), HeaderValue::from_static(v))
        };
        let got = renamed(given.iter().map(pair).collect(), streamed);
        let text = |(n, v): &(HeaderName, HeaderValue)| {
            (n.to_string(), String::from_utf8_lossy(v.as_bytes()).into_owned())
        };
        let got: Vec<_> = got.iter().map(text).collect();
        assert!(got.iter().map(|(n, v)| (&**n, &**v)).eq(expected.iter().copied()), "{got:?}");
    }

    #[test]
    fn renamed_and_dropped() {
        let given = [
            ("connection", "close"),
            ("content-length", "5"),
            ("date", "now"),
            ("server", "me"),
            ("transfer-encoding", "chunked"),
            ("www-authenticate", "Basic"),
            ("content-encoding", "gzip"),
            ("x-a", "1"),
            ("x-a", "2"),
        ];
        check(
            &given,
            false,
            &[
                ("x-amzn-remapped-connection", "close"),
                ("x-amzn-remapped-content-length", "5"),
                ("x-amzn-remapped-date", "now"),
                ("x-amzn-remapped-server", "me"),
                ("www-authenticate", "Basic"),
                ("content-encoding", "gzip"),
                ("x-a", "1"),
                ("x-a", "2"),
            ],
        );
        check(&[("content-length", "5")], true, &[("content-length", "5")]);
        check(
            &[("content-length", "5"), ("content-length", "5")],
            true,
            &[("content-length", "5")],
        );
        check(&[("content-length", "-5")], true, &[]);
    }
}
