//! Which API and stage a request is for.
//!
//! Two forms reach an API: the host `{api-id}.execute-api.{suffix}` with the
//! path `/{stage}/...`, and, where host names are awkward, any host with the
//! path `/_aws/execute-api/{api-id}/{stage}/...`. The second is looked at
//! first, as AWS has no API that such a path could belong to.

use std::borrow::Cow;

/// The start of paths that name API and stage themselves.
pub const GATEWAY_PREFIX: &str = "/_aws/execute-api/";

/// The label that marks an API's host name.
const LABEL: &str = "execute-api";

/// The domains under which hosts `{api-id}.execute-api.{suffix}` are served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DomainSuffixes(Box<[Box<str>]>);

impl DomainSuffixes {
    /// Any suffix at all.
    pub fn any() -> Self {
        Self::default()
    }

    /// Only these, compared without case; an empty list allows any. Dots at
    /// both ends are ignored.
    pub fn only<T: AsRef<str>>(suffixes: impl IntoIterator<Item = T>) -> Self {
        Self(suffixes.into_iter().map(|text| text.as_ref().trim_matches('.').into()).collect())
    }

    fn allow(&self, suffix: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|known| known.eq_ignore_ascii_case(suffix))
    }
}

/// Where a request goes, before anything is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address<'a> {
    /// The API's id, in lower case when it comes from a host.
    pub api: Cow<'a, str>,
    /// The stage's name as sent.
    pub stage: &'a str,
    /// Where in the given path the part behind the stage starts; it is empty
    /// or starts with a slash. More slashes may follow.
    pub path_start: usize,
}

impl<'a> Address<'a> {
    /// Reads host (port allowed) and path. `None` if the host is no API's
    /// address or the path names no stage; AWS's answer to both is 403.
    pub fn read(host: &'a str, path: &'a str, suffixes: &DomainSuffixes) -> Option<Self> {
        if let Some(rest) = path.strip_prefix(GATEWAY_PREFIX) {
            let (api, behind) = first_segment(rest, GATEWAY_PREFIX.len())?;
            let (stage, path_start) = first_segment(path.get(behind..)?, behind)?;
            return Some(Self { api: Cow::Borrowed(api), stage, path_start });
        }
        let api = api_of_host(host, suffixes)?;
        let (stage, path_start) = first_segment(path, 0)?;
        Some(Self { api, stage, path_start })
    }
}

/// A path as a client of the API's own host would have sent it: behind the
/// gateway's prefix and the API's id, where it begins with these.
pub fn path_of_api(path: &str) -> &str {
    let behind = || {
        let rest = path.strip_prefix(GATEWAY_PREFIX)?;
        let (_, behind) = first_segment(rest, GATEWAY_PREFIX.len())?;
        path.get(behind..)
    };
    behind().unwrap_or(path)
}

/// The API id in a host name such as `abc.execute-api.localhost:8080`.
pub fn api_of_host<'h>(host: &'h str, suffixes: &DomainSuffixes) -> Option<Cow<'h, str>> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        Some(_) => return None,
        None => host,
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let (api, rest) = name.split_once('.')?;
    let (label, suffix) = rest.split_once('.')?;
    let fits = !api.is_empty() && !suffix.is_empty() && label.eq_ignore_ascii_case(LABEL);
    if !fits || !suffixes.allow(suffix) {
        return None;
    }
    Some(if api.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(api.to_ascii_lowercase())
    } else {
        Cow::Borrowed(api)
    })
}

/// The first segment that is not empty, and where it ends, counted from
/// `offset`. Slashes before it are skipped.
fn first_segment(path: &str, offset: usize) -> Option<(&str, usize)> {
    let start = path.bytes().position(|b| b != b'/')?;
    let rest = path.get(start..)?;
    let length = rest.find('/').unwrap_or(rest.len());
    Some((rest.get(..length)?, offset + start + length))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let any = DomainSuffixes::any();
        let some = DomainSuffixes::only(["localhost", ".Example.com"]);
        let check = |host: &str, suffixes: &DomainSuffixes, expected: Option<&str>| {
            assert_eq!(api_of_host(host, suffixes).as_deref(), expected, "{host}");
        };
        check("abc.execute-api.localhost:8080", &any, Some("abc"));
        check("ABC.Execute-API.localhost", &any, Some("abc"));
        check("abc.execute-api.us-east-1.amazonaws.com", &any, Some("abc"));
        check("abc.execute-api.us-east-1.amazonaws.com", &some, None);
        check("abc.execute-api.example.COM.", &some, Some("abc"));
        check("abc.execute-api.localhost:", &some, Some("abc"));
        for host in [
            "",
            "localhost:8080",
            "abc.execute-api",
            ".execute-api.x",
            "a.execute-api.",
            "abc.execute-apis.x",
            "a.b.execute-api.x",
            "[::1]:80",
            "a.execute-api.x:http",
        ] {
            check(host, &any, None);
        }
    }

    #[test]
    fn paths_begin_with_the_stage_in_both_forms() {
        for (path, expected) in [
            ("/_aws/execute-api/xyz/prod/a//b", "/prod/a//b"),
            ("/_aws/execute-api//xyz/prod", "/prod"),
            ("/_aws/execute-api/xyz", ""),
            ("/_aws/execute-api/", "/_aws/execute-api/"),
            ("/prod/pets", "/prod/pets"),
            ("/prod/_aws/execute-api/xyz", "/prod/_aws/execute-api/xyz"),
        ] {
            assert_eq!(path_of_api(path), expected, "{path}");
        }
    }

    #[test]
    fn addresses() {
        let any = DomainSuffixes::any();
        let check = |host: &str, path: &str, expected: Option<(&str, &str, &str)>| {
            let address = Address::read(host, path, &any);
            let found = address.as_ref().map(|a| (&*a.api, a.stage, &path[a.path_start..]));
            assert_eq!(found, expected, "{host} {path}");
        };
        let host = "abc.execute-api.x";
        check(host, "/prod/pets", Some(("abc", "prod", "/pets")));
        check(host, "//prod//pets/", Some(("abc", "prod", "//pets/")));
        check(host, "/prod", Some(("abc", "prod", "")));
        check(host, "/prod/", Some(("abc", "prod", "/")));
        check(host, "/", None);
        check(host, "", None);
        check(host, "*", Some(("abc", "*", "")));
        check("any", "/_aws/execute-api/xyz/prod/a//b", Some(("xyz", "prod", "/a//b")));
        check(host, "/_aws/execute-api/xyz/prod", Some(("xyz", "prod", "")));
        check("any", "/_aws/execute-api/xyz/", None);
        check("any", "/_aws/execute-api/", None);
        check("any", "/prod/pets", None);
    }
}
