//! Custom domains: where their paths lead, and what their clients are shown.

use std::{any::Any, borrow::Cow, sync::Arc};

use gw_model::fact::{DomainCertificate as Declared, DomainFact};

use crate::{
    prepared::Prepared,
    shards::{SHARDS, Shards, hash_of},
};

/// A custom domain as a request meets it.
#[derive(Debug)]
pub struct Domain {
    name: Box<str>,
    /// Ordered by base path.
    mappings: Box<[Mapping]>,
    /// The most segments of a base path.
    deepest: usize,
    refused: bool,
    tls13_only: bool,
    certificate: Option<DomainCertificate>,
}

#[derive(Debug)]
struct Mapping {
    /// Without slashes at the ends; empty for the domain itself.
    base_path: Box<str>,
    api: Box<str>,
    stage: Option<Box<str>>,
}

/// Where a request to a custom domain goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The API's id.
    pub api: &'a str,
    /// The stage's name.
    pub stage: &'a str,
    /// Where in the given path the part behind base path and stage starts; it
    /// is empty or starts with a slash.
    pub path_start: usize,
    /// Where the stage's segment begins, with its slash, if it is in the path.
    pub stage_start: Option<usize>,
}

impl Domain {
    fn read(content: &[u8]) -> Result<Self, serde_json::Error> {
        let fact: DomainFact = serde_json::from_slice(content)?;
        let mut mappings: Vec<Mapping> = fact
            .mappings
            .into_iter()
            .map(|mapping| Mapping {
                base_path: mapping.base_path.into(),
                api: mapping.api.as_str().into(),
                stage: mapping.stage.map(|stage| stage.as_str().into()),
            })
            .collect();
        mappings.sort_unstable_by(|a, b| a.base_path.cmp(&b.base_path));
        let segments = |mapping: &Mapping| mapping.base_path.split('/').count();
        let deepest = mappings.iter().map(segments).max().unwrap_or(0);
        let certificate = fact
            .certificate
            .map(|declared| DomainCertificate { declared, prepared: Prepared::default() });
        let name = fact.name.into();
        Ok(Self {
            name,
            mappings: mappings.into(),
            deepest,
            refused: fact.refused,
            tls13_only: fact.tls13_only,
            certificate,
        })
    }

    /// The host name; `*.` in front for a wildcard.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What clients are shown.
    pub fn certificate(&self) -> Option<&DomainCertificate> {
        self.certificate.as_ref()
    }

    /// Whether its clients have to speak TLS 1.3.
    pub fn is_tls13_only(&self) -> bool {
        self.tls13_only
    }

    /// Follows the longest base path that the path starts with. A mapping
    /// without a stage takes it from the next segment. `None` if nothing fits,
    /// or the domain refuses every request.
    pub fn place<'a>(&'a self, path: &'a str) -> Option<Place<'a>> {
        if self.refused {
            return None;
        }
        let (mapping, start) = self.longest(path)?;
        if let Some(stage) = &mapping.stage {
            let api = &mapping.api;
            return Some(Place { api, stage, path_start: start, stage_start: None });
        }
        let rest = path.get(start..)?;
        let begin = start + rest.bytes().position(|byte| byte != b'/')?;
        let rest = path.get(begin..)?;
        let stage = rest.split('/').next().filter(|stage| !stage.is_empty())?;
        let path_start = begin + stage.len();
        Some(Place { api: &mapping.api, stage, path_start, stage_start: Some(start) })
    }

    /// The mapping of the longest base path, and where that ends. Slashes in
    /// front of it count once.
    fn longest(&self, path: &str) -> Option<(&Mapping, usize)> {
        let rest = path.trim_start_matches('/');
        let skipped = path.len() - rest.len();
        let ends = rest.match_indices('/').map(|(at, _)| at).chain([rest.len()]);
        // From the shortest to the longest; there are few segments, mostly one.
        let found = ends.take(self.deepest).filter_map(|end| {
            let mapping = self.mapping(rest.get(..end).filter(|base| !base.is_empty())?)?;
            Some((mapping, skipped + end))
        });
        found.last().or_else(|| Some((self.mapping("")?, 0)))
    }

    fn mapping(&self, base_path: &str) -> Option<&Mapping> {
        let at = self.mappings.binary_search_by(|mapping| (*mapping.base_path).cmp(base_path));
        self.mappings.get(at.ok()?)
    }
}

/// A certificate with its key.
pub struct DomainCertificate {
    declared: Declared,
    prepared: Prepared,
}

impl std::fmt::Debug for DomainCertificate {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DomainCertificate").finish_non_exhaustive()
    }
}

impl DomainCertificate {
    /// The leaf and what leads to its root, PEM.
    pub fn chain_pem(&self) -> &str {
        &self.declared.chain_pem
    }

    /// The private key, PEM.
    pub fn key_pem(&self) -> &str {
        &self.declared.key_pem
    }

    /// What the data plane made of it; the first call makes it. `None` if
    /// that failed.
    pub fn prepared<T: Any + Send + Sync>(
        &self,
        make: impl FnOnce(&Self) -> Option<T>,
    ) -> Option<&T> {
        self.prepared.get(|| make(self))
    }
}

/// All custom domains of a node.
#[derive(Debug, Clone, Default)]
pub(super) struct Domains(Shards<Arc<Domain>>);

impl Domains {
    /// The domain of a host without its port: that of its own name before the
    /// wildcard of its parent. Upper case counts as lower case, and a dot at
    /// the end is none.
    pub(super) fn find(&self, host: &str) -> Option<&Domain> {
        if self.0.len() == 0 {
            return None;
        }
        let host = host.strip_suffix('.').unwrap_or(host);
        let host: Cow<'_, str> = if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            host.to_ascii_lowercase().into()
        } else {
            host.into()
        };
        self.named(&host).or_else(|| {
            let (label, parent) = host.split_once('.')?;
            // Nobody has a host of that name.
            if label == "*" { None } else { self.wildcard(parent) }
        })
    }

    fn named(&self, name: &str) -> Option<&Domain> {
        self.0.get(hash_of([name]), |domain| *domain.name == *name).map(|domain| &**domain)
    }

    fn wildcard(&self, parent: &str) -> Option<&Domain> {
        let is = |domain: &Arc<Domain>| domain.name.strip_prefix("*.") == Some(parent);
        self.0.get(hash_of(["*", parent]), is).map(|domain| &**domain)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn shared_with(&self, other: &Self) -> (usize, usize) {
        (self.0.shared_with(&other.0), SHARDS)
    }

    pub(super) fn put(&mut self, name: &str, content: &[u8]) -> Result<(), serde_json::Error> {
        let mut domain = Domain::read(content)?;
        // The name under which it came is the one that it can be taken out by.
        domain.name = name.into();
        self.0.put(hash(name), Arc::new(domain), |other| *other.name == *name);
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.take(hash(name), |domain| *domain.name == *name);
    }
}

/// Of a domain's name, wildcards apart.
fn hash(name: &str) -> u64 {
    match name.strip_prefix("*.") {
        Some(parent) => hash_of(["*", parent]),
        None => hash_of([name]),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use gw_model::BasePathMapping;

    use super::*;

    fn fact(name: &str, mappings: &[(&str, &str, Option<&str>)]) -> Vec<u8> {
        let mappings = mappings
            .iter()
            .map(|(base_path, api, stage)| BasePathMapping {
                base_path: (*base_path).to_owned(),
                api: (*api).into(),
                stage: stage.map(Into::into),
            })
            .collect();
        let fact = DomainFact {
            name: name.to_owned(),
            certificate: None,
            mappings,
            refused: false,
            tls13_only: false,
        };
        serde_json::to_vec(&fact).unwrap()
    }

    #[test]
    fn hosts_find_their_domain() {
        let mut domains = Domains::default();
        for name in ["api.example.com", "*.example.com", "*.a.example.com"] {
            domains.put(name, &fact(name, &[])).unwrap();
        }
        for (host, found) in [
            ("api.example.com", Some("api.example.com")),
            ("API.Example.com.", Some("api.example.com")),
            ("www.example.com", Some("*.example.com")),
            ("b.a.example.com", Some("*.a.example.com")),
            ("c.b.a.example.com", None),
            ("example.com", None),
            ("*.example.com", None),
            ("", None),
        ] {
            assert_eq!(domains.find(host).map(Domain::name), found, "{host}");
        }
        let before = domains.clone();
        domains.remove("api.example.com");
        domains.remove("nothing.example.com");
        assert_eq!(domains.find("api.example.com").map(Domain::name), Some("*.example.com"));
        assert_eq!(before.find("api.example.com").map(Domain::name), Some("api.example.com"));
        assert_eq!((domains.len(), before.len()), (2, 3));
        assert_eq!(domains.shared_with(&before), (SHARDS - 1, SHARDS));
        assert!(domains.put("x.y", b"{").is_err());
    }

    #[test]
    fn the_longest_base_path_counts() {
        let content = fact(
            "a.b",
            &[
                ("", "root", Some("prod")),
                ("v1", "one", Some("s1")),
                ("v1/x", "deep", Some("s2")),
                ("free", "open", None),
            ],
        );
        let domain = Domain::read(&content).unwrap();
        let check = |path: &str, expected: Option<(&str, &str, &str)>| {
            let place = domain.place(path);
            let found = place.map(|place| (place.api, place.stage, &path[place.path_start..]));
            assert_eq!(found, expected, "{path}");
        };
        check("/", Some(("root", "prod", "/")));
        check("", Some(("root", "prod", "")));
        check("/pets", Some(("root", "prod", "/pets")));
        check("/v1", Some(("one", "s1", "")));
        check("/v1/", Some(("one", "s1", "/")));
        check("//v1//pets", Some(("one", "s1", "//pets")));
        check("/v1/pets", Some(("one", "s1", "/pets")));
        check("/v1/x/pets", Some(("deep", "s2", "/pets")));
        check("/v1/xy", Some(("one", "s1", "/xy")));
        check("/v12/pets", Some(("root", "prod", "/v12/pets")));
        check("/V1/pets", Some(("root", "prod", "/V1/pets")));
        check("/free/prod/pets", Some(("open", "prod", "/pets")));
        check("/free//prod", Some(("open", "prod", "")));
        check("/free/", None);
        check("/free", None);
        let only = Domain::read(&fact("a.b", &[("v1", "one", Some("s"))])).unwrap();
        assert_eq!(only.place("/pets"), None);
        assert_eq!(Domain::read(&fact("a.b", &[])).unwrap().place("/"), None);
    }
}
