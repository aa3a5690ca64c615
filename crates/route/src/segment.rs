//! Percent-encoding of single segments.

use memchr::memchr;
use smallvec::SmallVec;

/// The segment with its percent-encoded unreserved characters decoded; `None`
/// if it has none, which is the usual case.
pub(crate) fn decode_unreserved(segment: &[u8]) -> Option<SmallVec<[u8; 64]>> {
    memchr(b'%', segment)?;
    let mut out = SmallVec::new();
    let mut rest = segment;
    while let Some((&byte, tail)) = rest.split_first() {
        match encoded(rest).filter(|byte| is_unreserved(*byte)) {
            Some(decoded) => {
                out.push(decoded);
                rest = rest.get(3..).unwrap_or_default();
            }
            None => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    Some(out)
}

/// Whether any segment of `path` is `.` or `..` for some backend: its dots may
/// be encoded, its slashes too or be backslashes, and parameters may follow it
/// (`..;x`).
pub(crate) fn has_dot_segment(path: &[u8]) -> bool {
    // Most paths have neither byte, and one pass over them is cheap.
    if memchr::memchr2(b'.', b'%', path).is_none() {
        return false;
    }
    // How many dots the segment is until now, if it is nothing else.
    let mut dots = Some(0u32);
    let climbs = |dots| matches!(dots, Some(1 | 2));
    let mut rest = path;
    while let Some((&first, tail)) = rest.split_first() {
        let (byte, tail) = match encoded(rest) {
            Some(byte) => (byte, rest.get(3..).unwrap_or_default()),
            None => (first, tail),
        };
        dots = match byte {
            b'.' => dots.map(|dots| dots + 1),
            b'/' | b'\\' | b';' if climbs(dots) => return true,
            b'/' | b'\\' => Some(0),
            _ => None,
        };
        rest = tail;
    }
    climbs(dots)
}

/// The byte behind a `%XX` at the start of `text`.
fn encoded(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    Some(digit(*high)? << 4 | digit(*low)?)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_unreserved_only() {
        let check = |text: &str, expected: Option<&str>| {
            let decoded = decode_unreserved(text.as_bytes());
            assert_eq!(decoded.as_deref(), expected.map(str::as_bytes), "{text}");
        };
        check("pets", None);
        check("%70ets", Some("pets"));
        check("a%2Fb", Some("a%2Fb"));
        check("a%7", Some("a%7"));
        check("%zz%", Some("%zz%"));
        check("%2e%2E", Some(".."));
    }

    #[test]
    fn dot_segments() {
        for path in [
            "/a/..",
            "/..",
            "/./a",
            "/a/%2e%2e/b",
            "/.%2E",
            "a/.",
            "/a/..%2Fb",
            "/a/b%2f..",
            "/a/%2e.%2fb",
            "/a/b%2F.%2fc",
            "/a\\..\\b",
            "/a%5c..%5Cb",
            "/a/..;/b",
            "/a/.;x=1",
            "/a/..%3Bx",
        ] {
            assert!(has_dot_segment(path.as_bytes()), "{path}");
        }
        for path in [
            "/a",
            "/a.b/c",
            "/...",
            "/a/.well-known",
            "/%2e%2e%2e",
            "/a..b",
            "/%252e",
            "/main...new%2Fthing",
            "/a%2Fb",
            "/..a%2Fb",
            "/b..%2Fa",
            "/a;..;b",
            "/...;a",
            "/%",
            "/.%2",
        ] {
            assert!(!has_dot_segment(path.as_bytes()), "{path}");
        }
    }
}
