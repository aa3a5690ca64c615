//! Reading query strings: decoded on demand, nothing kept.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The values of `name` in order, decoded. `;` splits parameters as `&` does.
pub(crate) fn values<'q>(
    query: Option<&'q str>,
    name: &str,
) -> impl DoubleEndedIterator<Item = Cow<'q, str>> {
    pairs(query).filter(move |(key, _)| decode(key) == name).map(|(_, value)| decode(value))
}

/// All names with their values in order, decoded.
pub(crate) fn all(query: Option<&str>) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    pairs(query).map(|(key, value)| (decode(key), decode(value)))
}

fn pairs(query: Option<&str>) -> impl DoubleEndedIterator<Item = (&str, &str)> {
    let parameters = query.unwrap_or_default().split(['&', ';']);
    let pairs = parameters.map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")));
    pairs.filter(|(key, _)| !key.is_empty())
}

/// Percent-decodes, with `+` for a space. Bytes that are no UTF-8 become
/// replacement characters.
fn decode(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|b| b == b'%' || b == b'+') {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes() {
        let check = |query: &str, name: &str, expected: &[&str]| {
            assert_eq!(values(Some(query), name).collect::<Vec<_>>(), expected, "{query}");
        };
        check("a=1&b=2&a=3", "a", &["1", "3"]);
        check("a=1;a=2", "a", &["1", "2"]);
        check("t=2023..%2B00:00+x", "t", &["2023..+00:00 x"]);
        check("%61=1&a", "a", &["1", ""]);
        check("a=b=c&=d", "a", &["b=c"]);
        check("=d&&", "", &[]);
        check("a=%ff%zz", "a", &["\u{fffd}%zz"]);
        assert_eq!(values(None, "a").next(), None);
    }
}
