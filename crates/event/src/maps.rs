//! The two forms of a list of pairs in an event: a map of single values and a
//! map of lists.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use crate::json;

/// Lists up to this length are searched one by one.
const FEW: usize = 16;

/// No further pair with this key.
const END: u32 = u32::MAX;

/// Which pairs of a list have equal keys.
pub(crate) struct Groups {
    /// First and last pair of each key, in the order of the first ones.
    keys: SmallVec<[(u32, u32); FEW]>,
    /// By pair: the next one with its key.
    next: SmallVec<[u32; FEW]>,
}

impl Groups {
    pub(crate) fn of<K: AsRef<str>, V>(pairs: &[(K, V)]) -> Self {
        let mut groups =
            Self { keys: SmallVec::new(), next: SmallVec::from_elem(END, pairs.len()) };
        // A client decides how many there are: a long list must not cost the
        // square of its length.
        let mut known = BTreeMap::new();
        for (n, (key, _)) in (0_u32..).zip(pairs) {
            let key = key.as_ref();
            let found = if pairs.len() <= FEW {
                groups.keys.iter().position(|(first, _)| key_at(pairs, *first) == Some(key))
            } else {
                let fresh = groups.keys.len();
                let at = *known.entry(key).or_insert(fresh);
                (at < fresh).then_some(at)
            };
            match found.and_then(|at| groups.keys.get_mut(at)) {
                None => groups.keys.push((n, n)),
                Some((_, last)) => {
                    if let Some(next) = groups.next.get_mut(*last as usize) {
                        *next = n;
                    }
                    *last = n;
                }
            }
        }
        groups
    }

    /// Writes the map of single values: the last of each key; `null` for none.
    pub(crate) fn write_single<K, V>(&self, out: &mut Vec<u8>, pairs: &[(K, V)])
    where
        K: AsRef<str>,
        V: AsRef<[u8]>,
    {
        self.write(out, pairs, |out, _, last| value(out, pairs, last));
    }

    /// Writes the map of lists; `null` for none.
    pub(crate) fn write_multi<K, V>(&self, out: &mut Vec<u8>, pairs: &[(K, V)])
    where
        K: AsRef<str>,
        V: AsRef<[u8]>,
    {
        self.write(out, pairs, |out, first, _| {
            let mut at = first;
            let mut separator = b'[';
            while at != END {
                out.push(separator);
                separator = b',';
                value(out, pairs, at);
                at = self.next.get(at as usize).copied().unwrap_or(END);
            }
            out.push(b']');
        });
    }

    fn write<K: AsRef<str>, V>(
        &self,
        out: &mut Vec<u8>,
        pairs: &[(K, V)],
        each: impl Fn(&mut Vec<u8>, u32, u32),
    ) {
        if self.keys.is_empty() {
            out.extend_from_slice(b"null");
            return;
        }
        let mut separator = b'{';
        for (first, last) in &self.keys {
            out.push(separator);
            separator = b',';
            json::text(out, key_at(pairs, *first).unwrap_or_default());
            out.push(b':');
            each(out, *first, *last);
        }
        out.push(b'}');
    }
}

fn key_at<K: AsRef<str>, V>(pairs: &[(K, V)], at: u32) -> Option<&str> {
    pairs.get(at as usize).map(|(key, _)| key.as_ref())
}

fn value<K, V: AsRef<[u8]>>(out: &mut Vec<u8>, pairs: &[(K, V)], at: u32) {
    json::bytes(out, pairs.get(at as usize).map(|(_, value)| value.as_ref()).unwrap_or_default());
}

/// Writes a map of texts; `null` if it is empty.
pub(crate) fn texts<'a>(out: &mut Vec<u8>, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
    let mut separator = b'{';
    for (key, value) in pairs {
        out.push(separator);
        separator = b',';
        json::text(out, key);
        out.push(b':');
        json::text(out, value);
    }
    out.extend_from_slice(if separator == b'{' { b"null" } else { b"}" });
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn both(pairs: &[(String, String)]) -> (Value, Value) {
        let groups = Groups::of(pairs);
        let (mut single, mut multi) = (Vec::new(), Vec::new());
        groups.write_single(&mut single, pairs);
        groups.write_multi(&mut multi, pairs);
        (serde_json::from_slice(&single).unwrap(), serde_json::from_slice(&multi).unwrap())
    }

    #[test]
    fn none_is_null() {
        assert_eq!(both(&[]), (Value::Null, Value::Null));
    }

    proptest::proptest! {
        #[test]
        fn last_and_all(pairs in proptest::collection::vec(("[ab]{0,3}", "[a-z\"]{0,2}"), 1..60)) {
            let (mut single, mut multi) = (json!({}), json!({}));
            for (key, value) in &pairs {
                single[key] = json!(value);
                let list = &mut multi[key];
                if list.is_null() {
                    *list = json!([]);
                }
                list.as_array_mut().unwrap().push(json!(value));
            }
            proptest::prop_assert_eq!(both(&pairs), (single, multi));
        }
    }
}
