//! Signatures. A day's key is derived once for each integration.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use gw_sigv4::{Credential, Request, SigningKey, Timestamp, sign_with};
use http::HeaderMap;
use time::OffsetDateTime;

use super::credentials::Keys;

/// Signs for one service and region.
#[derive(Debug)]
pub(crate) struct Signatures {
    service: &'static str,
    region: Box<str>,
    derived: ArcSwapOption<Derived>,
}

/// The key of one day and pair of keys.
#[derive(Debug)]
struct Derived {
    keys: u64,
    credential: Credential,
    key: SigningKey,
}

/// What is signed.
#[derive(Debug)]
pub(crate) struct Unsigned<'a> {
    pub(crate) method: &'a str,
    /// With its query.
    pub(crate) path: &'a str,
    /// The SHA-256 of the body.
    pub(crate) body: &'a [u8; 32],
}

impl Signatures {
    pub(crate) fn new(service: &'static str, region: &str) -> Self {
        Self { service, region: region.into(), derived: ArcSwapOption::empty() }
    }

    /// Adds date, digest, token and signature to `headers`, which hold the
    /// host already. False if the keys can stand in no header.
    pub(crate) fn sign(
        &self,
        keys: &Keys,
        request: &Unsigned<'_>,
        headers: &mut HeaderMap,
        now: OffsetDateTime,
    ) -> bool {
        let derived = self.derived(keys, now);
        let (path, query) = request.path.split_once('?').unwrap_or((request.path, ""));
        let complete = Request { method: request.method, path, query, headers, authority: None };
        let (credential, key) = (&derived.credential, &derived.key);
        match sign_with(&complete, request.body, credential, key, keys.token(), now) {
            Ok(added) => {
                for (name, value) in added {
                    headers.insert(name, value);
                }
                true
            }
            Err(_) => false,
        }
    }

    fn derived(&self, keys: &Keys, now: OffsetDateTime) -> Arc<Derived> {
        let date = Timestamp::new(now).day();
        if let Some(known) = &*self.derived.load()
            && known.keys == keys.number()
            && known.credential.date == date
        {
            return Arc::clone(known);
        }
        let credential = Credential {
            access_key: keys.access_key().to_owned(),
            date,
            region: self.region.to_string(),
            service: self.service.to_owned(),
        };
        let key = SigningKey::for_credential(keys.secret(), &credential);
        let derived = Arc::new(Derived { keys: keys.number(), credential, key });
        self.derived.store(Some(Arc::clone(&derived)));
        derived
    }
}
