//! Pages of lists. A position is the key of the last item, opaque to callers.

use crate::{App, Error, PageRequest, Result, types::Page};

impl App {
    /// How many rows to ask for: one more than the page holds tells whether
    /// there is a next one.
    pub(crate) fn page_limit(&self, page: &PageRequest) -> i64 {
        i64::from(page.limit.clamp(1, self.limits().page)) + 1
    }
}

impl PageRequest {
    /// The key after which a page by text starts.
    pub(crate) fn after(&self) -> &str {
        self.position.as_deref().unwrap_or_default()
    }

    /// The number before which a page by descending number starts.
    pub(crate) fn before<N: std::str::FromStr>(&self) -> Result<Option<N>> {
        let position = self.position.as_deref();
        position
            .map(|text| text.parse().map_err(|_| Error::bad_request("Invalid position")))
            .transpose()
    }
}

/// Cuts the extra row off and turns it into the next position.
pub(crate) fn page<T>(mut items: Vec<T>, limit: i64, key: impl Fn(&T) -> String) -> Page<T> {
    let size = usize::try_from(limit - 1).unwrap_or(usize::MAX);
    let more = items.len() > size;
    items.truncate(size);
    let position = if more { items.last().map(key) } else { None };
    Page { items, position }
}
