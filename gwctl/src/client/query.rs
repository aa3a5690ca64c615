//! Paths with their parts and query values percent-encoded.

use gw_sigv4::UNRESERVED;
use percent_encoding::utf8_percent_encode;

/// A path below an endpoint, with its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    path: String,
    query: String,
}

impl Path {
    /// A path of these segments, each encoded.
    pub(crate) fn of(segments: &[&str]) -> Self {
        let mut path = String::new();
        for segment in segments {
            path.push('/');
            path.extend(utf8_percent_encode(segment, UNRESERVED));
        }
        Self { path, query: String::new() }
    }

    /// A path below `/gatewright/v1`.
    pub(crate) fn own(segments: &[&str]) -> Self {
        let mut path = Self::of(&["gatewright", "v1"]);
        path.path.push_str(&Self::of(segments).path);
        path
    }

    /// Adds `name=value`.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(name);
        self.query.push('=');
        self.query.extend(utf8_percent_encode(value, UNRESERVED));
        self
    }

    /// Adds `name=value` where there is a value.
    pub(crate) fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The request target below `base`, which is empty or starts with a slash.
    pub(crate) fn on(&self, base: &str) -> String {
        let path = format!("{base}{}", self.path);
        if self.query.is_empty() { path } else { format!("{path}?{}", self.query) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_encoded_where_they_stand() {
        let path = Path::own(&["restapis", "a b", "diff"])
            .with("from", "stage:dev")
            .with_some("to", None)
            .with("backend", "http://h:1/x?y=1&z");
        assert_eq!(
            path.on("/base"),
            "/base/gatewright/v1/restapis/a%20b/diff?from=stage%3Adev&backend=http%3A%2F%2Fh%3A1%2Fx%3Fy%3D1%26z"
        );
        assert_eq!(Path::of(&["restapis"]).on(""), "/restapis");
    }
}
