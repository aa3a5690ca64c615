//! Query strings, decoded.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use smallvec::SmallVec;

/// Name and value, decoded.
pub(crate) type Parameter<'q> = (Cow<'q, str>, Cow<'q, [u8]>);

/// Every parameter in order, decoded.
pub(crate) fn parse(query: Option<&str>) -> SmallVec<[Parameter<'_>; 8]> {
    query_pairs(query).map(|(name, value)| (text(decode(name)), decode(value))).collect()
}

/// Every parameter of a query string in order, not decoded. `;` splits as `&`
/// does; one without a name is left out, one without a value has an empty one.
pub fn query_pairs(query: Option<&str>) -> impl DoubleEndedIterator<Item = (&str, &str)> {
    let parameters = query.unwrap_or_default().split(['&', ';']);
    let pairs = parameters.map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")));
    pairs.filter(|(name, _)| !name.is_empty())
}

/// A name or value of a query string, decoded. Bytes that are no UTF-8 become
/// replacement characters.
pub fn query_text(encoded: &str) -> Cow<'_, str> {
    text(decode(encoded))
}

fn text(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Cow::Owned(text),
            Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        },
    }
}

/// Percent-decodes, with `+` for a space.
fn decode(text: &str) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'%', b'+', text.as_bytes()).is_none() {
        return Cow::Borrowed(text.as_bytes());
    }
    let spaced: SmallVec<[u8; 128]> =
        text.bytes().map(|byte| if byte == b'+' { b' ' } else { byte }).collect();
    Cow::Owned(percent_decode(&spaced).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes() {
        let check = |query: &str, expected: &[(&str, &str)]| {
            let parsed = parse(Some(query));
            let pairs: Vec<_> =
                parsed.iter().map(|(n, v)| (&**n, String::from_utf8_lossy(v))).collect();
            let pairs: Vec<_> = pairs.iter().map(|(n, v)| (*n, &**v)).collect();
            assert_eq!(pairs, expected, "{query}");
        };
        check("a=1&b=2&a=3", &[("a", "1"), ("b", "2"), ("a", "3")]);
        check("a=1;b", &[("a", "1"), ("b", "")]);
        check("t=2023..%2B00:00+x", &[("t", "2023..+00:00 x")]);
        check("%61+b=1%20", &[("a b", "1 ")]);
        check("a=b=c&=d&&", &[("a", "b=c")]);
        check("%ff=%ff%zz", &[("\u{fffd}", "\u{fffd}%zz")]);
        assert!(parse(None).is_empty() && parse(Some("")).is_empty());
    }
}
