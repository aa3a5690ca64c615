//! Access keys, and where an integration's come from.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::assume::Assumed;

/// A pair of AWS's access keys, of a role or of the node itself.
pub struct Keys {
    /// Never given twice: what was derived of one pair is not taken for
    /// another's.
    number: u64,
    access_key: Box<str>,
    secret: Box<str>,
    token: Option<Box<str>>,
}

impl Keys {
    /// A pair of keys, with the session token of temporary ones.
    pub fn new(access_key: &str, secret: &str, token: Option<&str>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Relaxed);
        let token = token.map(Into::into);
        Self { number, access_key: access_key.into(), secret: secret.into(), token }
    }

    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` of
    /// an environment; none unless both keys are there.
    pub fn from_vars<N: AsRef<str>, V: AsRef<str>>(
        vars: impl IntoIterator<Item = (N, V)>,
    ) -> Option<Self> {
        let (mut access_key, mut secret, mut token) = (None, None, None);
        for (name, value) in vars {
            let place = match name.as_ref() {
                "AWS_ACCESS_KEY_ID" => &mut access_key,
                "AWS_SECRET_ACCESS_KEY" => &mut secret,
                "AWS_SESSION_TOKEN" => &mut token,
                _ => continue,
            };
            *place = Some(value.as_ref().trim().to_owned()).filter(|text| !text.is_empty());
        }
        Some(Self::new(&access_key?, &secret?, token.as_deref()))
    }

    /// Tells these keys from all others of the process.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The id of the access key.
    pub(crate) fn access_key(&self) -> &str {
        &self.access_key
    }

    /// What signs.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// The session token of temporary keys.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.access_key)
    }
}

/// Where the keys of an integration come from; found when its stage is
/// prepared.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Keys that do not change.
    Fixed(Arc<Keys>),
    /// Keys of a role that STS gives.
    Assumed(Arc<Assumed>),
    /// The node has no keys. Endpoints of the operator's are called without a
    /// signature; AWS is not called.
    Nobody,
    /// The node must not act as that role.
    Refused,
}
