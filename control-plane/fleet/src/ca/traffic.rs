//! The names under which nodes serve APIs, and no control plane ever does.

use rcgen::SanType;

use super::{CaError, material};

/// The label that stands in every address of an API, and in no address of a
/// control plane.
const LABEL: &str = "execute-api";

/// The suffix that every installation has.
const OWN_SUFFIX: &str = "localhost";

/// Whether a name is kept for nodes.
pub(super) fn is_traffic_name(name: &str) -> bool {
    name.split('.').any(|label| label.eq_ignore_ascii_case(LABEL))
}

/// The names of a traffic certificate: for each suffix `execute-api.{suffix}`
/// and all names one label below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficNames(Vec<String>);

impl TrafficNames {
    /// Those of `localhost` and of each of these suffixes.
    ///
    /// # Errors
    /// When a suffix is no domain name.
    pub fn new(suffixes: &[String]) -> Result<Self, CaError> {
        let mut names = Vec::new();
        for suffix in std::iter::once(OWN_SUFFIX).chain(suffixes.iter().map(String::as_str)) {
            let suffix = suffix.trim_matches('.').to_ascii_lowercase();
            check(&suffix)?;
            for name in [format!("{LABEL}.{suffix}"), format!("*.{LABEL}.{suffix}")] {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names.sort();
        Ok(Self(names))
    }

    /// The names, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(super) fn sans(&self) -> Result<Vec<SanType>, CaError> {
        let san = |name: &String| Ok(SanType::DnsName(name.as_str().try_into().map_err(material)?));
        self.0.iter().map(san).collect()
    }
}

fn check(suffix: &str) -> Result<(), CaError> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // Room is left for an API's id and the label.
    if suffix.len() > 200 || !suffix.split('.').all(label) {
        return Err(CaError::Name(suffix.to_owned(), "it is no domain name"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn two_names_for_each_suffix() {
        let suffixes = ["Example.org".to_owned(), "localhost".to_owned(), ".a.test.".to_owned()];
        let names = TrafficNames::new(&suffixes).unwrap();
        let expected = [
            "*.execute-api.a.test",
            "*.execute-api.example.org",
            "*.execute-api.localhost",
            "execute-api.a.test",
            "execute-api.example.org",
            "execute-api.localhost",
        ];
        assert_eq!(names.iter().collect::<Vec<_>>(), expected);
        assert!(names.iter().all(is_traffic_name));
        assert!(!is_traffic_name("localhost") && !is_traffic_name("my-execute-api.org"));
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for bad in ["", "*", "*.org", "a..b", "a b", "-a", "caf\u{e9}", &"a".repeat(64)] {
            assert!(TrafficNames::new(&[bad.to_owned()]).is_err(), "{bad:?}");
        }
    }
}
