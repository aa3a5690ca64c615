//! Paging of lists: `limit` and an opaque `position` in, `item` and the next
//! `position` out.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::Fault;

/// What AWS gives when nothing is asked for.
pub const DEFAULT_LIMIT: usize = 25;

/// Most items of a page; whoever asks for more gets so many.
pub const MAX_LIMIT: usize = 500;

/// A list answer. Always an array under `item`, even for one element or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List<T> {
    /// The page.
    #[serde(default = "Vec::new")]
    pub item: Vec<T>,
    /// Where the next page starts; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// At most this many; 1 to 500.
    pub limit: usize,
    /// Starts behind the item with this key.
    pub after: Option<String>,
}

impl Page {
    /// Reads the query parameters. A limit out of range is brought into it,
    /// as AWS does.
    ///
    /// # Errors
    /// When `limit` is no number or `position` is none of ours.
    pub fn parse(limit: Option<&str>, position: Option<&str>) -> Result<Self, Fault> {
        let limit = match limit {
            None | Some("") => DEFAULT_LIMIT,
            Some(text) => text
                .parse::<i64>()
                .map_err(|_| Fault::bad_request(format!("Invalid limit specified: {text}")))?
                .clamp(1, MAX_LIMIT as i64) as usize,
        };
        let after = match position {
            None | Some("") => None,
            Some(text) => Some(decode(text).ok_or_else(|| {
                Fault::bad_request(format!("Invalid position specified: {text}"))
            })?),
        };
        Ok(Self { limit, after })
    }

    /// Cuts the page out of a whole list that is sorted by `key`.
    pub fn cut<T>(&self, items: Vec<T>, key: impl Fn(&T) -> &str) -> List<T> {
        let after = self.after.as_deref();
        let mut page: Vec<T> = items
            .into_iter()
            .filter(|item| after.is_none_or(|after| key(item) > after))
            .take(self.limit + 1)
            .collect();
        let position = (page.len() > self.limit).then(|| {
            page.truncate(self.limit);
            page.last().map(|item| encode(key(item))).unwrap_or_default()
        });
        List { item: page, position }
    }
}

/// The position behind the item with this key.
pub fn encode(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

/// The key of a position; `None` if it is none of ours.
pub fn decode(position: &str) -> Option<String> {
    URL_SAFE_NO_PAD.decode(position).ok().and_then(|bytes| String::from_utf8(bytes).ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn limits_are_clamped() {
        for (given, limit) in
            [(None, 25), (Some("0"), 1), (Some("-4"), 1), (Some("501"), 500), (Some("7"), 7)]
        {
            assert_eq!(Page::parse(given, None).unwrap().limit, limit, "{given:?}");
        }
        assert!(Page::parse(Some("x"), None).is_err());
        assert!(Page::parse(None, Some("not!ours")).is_err());
    }

    #[test]
    fn pages_cover_a_list_once() {
        let items: Vec<String> = (10..63).map(|n| n.to_string()).collect();
        let mut seen = Vec::new();
        let mut position = None;
        loop {
            let page = Page::parse(Some("10"), position.as_deref()).unwrap();
            let list = page.cut(items.clone(), |item| item);
            assert!(list.item.len() <= 10);
            seen.extend(list.item);
            position = list.position;
            if position.is_none() {
                break;
            }
        }
        assert_eq!(seen, items);
    }
}
