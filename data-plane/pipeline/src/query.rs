//! Reading query strings: decoded on demand, nothing kept.

use std::borrow::Cow;

use gw_event::{query_pairs as pairs, query_text as decode};

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
