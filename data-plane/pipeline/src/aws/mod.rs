//! Calls of AWS's services: where they go, as whom, and signed.

mod assume;
mod credentials;
mod endpoint;
mod roles;
mod send;
mod sign;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use arc_swap::ArcSwap;
use gw_model::GatewayResponseType as Type;
use gw_snapshot::{AwsTarget, GatewayError};
use gw_upstream::Target;
use tokio::sync::mpsc;

use crate::{note, rescue::Refusal};

pub use assume::Assumer;
pub use credentials::Keys;
pub use endpoint::{Endpoints, InvalidEndpoint};
pub use roles::{InvalidRoles, Roles};

pub(crate) use send::{AwsRequest, call, prepare};

use assume::{Assumed, Sts};
use credentials::Source;
use endpoint::Place;
use roles::{Assume, Choice};
use sign::Signatures;

/// What a node knows of AWS. Read once, when it starts; roles may change.
#[derive(Debug)]
pub struct AwsSettings {
    endpoints: Endpoints,
    own: Option<Arc<Keys>>,
    roles: ArcSwap<Numbered>,
    /// The region in which roles are assumed.
    region: Box<str>,
    /// Roles that stages use, each once. Locked when stages are prepared.
    assumed: Mutex<HashMap<Box<str>, Weak<Assumed>>>,
    wanted: mpsc::UnboundedSender<Weak<Assumed>>,
    /// Until somebody assumes roles.
    unassumed: Mutex<Option<mpsc::UnboundedReceiver<Weak<Assumed>>>>,
}

/// Roles, and how often there were others before.
#[derive(Debug)]
struct Numbered {
    number: u64,
    roles: Roles,
}

impl Default for AwsSettings {
    /// AWS's own hosts, and no keys.
    fn default() -> Self {
        Self::new(Endpoints::default(), None, Roles::default())
    }
}

impl AwsSettings {
    /// Endpoints, the node's own keys, and what stands for which role.
    pub fn new(endpoints: Endpoints, own: Option<Keys>, roles: Roles) -> Self {
        let (wanted, unassumed) = mpsc::unbounded_channel();
        Self {
            endpoints,
            own: own.map(Arc::new),
            roles: ArcSwap::from_pointee(Numbered { number: 0, roles }),
            region: "us-east-1".into(),
            assumed: Mutex::default(),
            wanted,
            unassumed: Mutex::new(Some(unassumed)),
        }
    }

    /// From the SDKs' variables.
    ///
    /// # Errors
    /// One of them names no endpoint.
    pub fn from_vars(vars: &[(String, String)], roles: Roles) -> Result<Self, InvalidEndpoint> {
        let pairs = || vars.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut settings =
            Self::new(Endpoints::from_vars(pairs())?, Keys::from_vars(pairs()), roles);
        let region = |wanted: &str| {
            pairs()
                .find(|(name, value)| *name == wanted && !value.is_empty())
                .map(|(_, value)| value)
        };
        if let Some(region) = region("AWS_REGION").or_else(|| region("AWS_DEFAULT_REGION")) {
            settings.region = region.into();
        }
        Ok(settings)
    }

    /// Has other roles stand from the next call on. Calls that have begun
    /// keep their keys.
    pub fn set_roles(&self, roles: &Roles) {
        self.roles.rcu(|former| Numbered { number: former.number + 1, roles: roles.clone() });
    }

    /// What assumes roles for all cores, the first time that it is asked for.
    pub fn assumer(&self) -> Option<Assumer> {
        let wanted = self.unassumed.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let (endpoints, own) = (self.endpoints.clone(), self.own.clone());
        Some(Assumer { wanted, sts: Sts { endpoints, own, region: self.region.clone() } })
    }

    /// Where the keys of integrations that name this role, or none, come from.
    fn source(&self, role: Option<&str>) -> Chosen {
        let Numbered { number, roles } = &**self.roles.load();
        let source = match roles.choose(role) {
            (_, Choice::Node) => self.own.clone().map_or(Source::Nobody, Source::Fixed),
            (_, Choice::Keys(keys)) => Source::Fixed(keys),
            (Some(role), Choice::Assume(assume)) => Source::Assumed(self.assume(role, assume)),
            (None, Choice::Assume(_)) | (_, Choice::Refuse) => Source::Refused,
        };
        Chosen { number: *number, source }
    }

    /// The role's place for keys; whoever assumes roles is told of a new one.
    fn assume(&self, role: &str, assume: Arc<Assume>) -> Arc<Assumed> {
        let mut assumed = self.assumed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = assumed.get(role).and_then(Weak::upgrade)
            && known.is_assumed_by(&assume)
        {
            return known;
        }
        assumed.retain(|_, role| role.strong_count() > 0);
        let new = Arc::new(Assumed::new(role, assume));
        assumed.insert(role.into(), Arc::downgrade(&new));
        // Its other end is kept here until somebody takes it.
        let _ = self.wanted.send(Arc::downgrade(&new));
        new
    }
}

/// An integration's way to AWS, found when its stage is prepared and kept with
/// its address.
pub(crate) struct Way {
    place: Place,
    chosen: ArcSwap<Chosen>,
    signatures: Signatures,
}

/// A source of keys, and which roles it was chosen by.
struct Chosen {
    number: u64,
    source: Source,
}

impl Way {
    /// The way of a target. `None` if its parts make no host.
    pub(crate) fn of<'t>(target: &'t AwsTarget, settings: &AwsSettings) -> Option<&'t Self> {
        target.prepared(|target| {
            let place = settings.endpoints.place(&target.uri)?;
            let signatures = Signatures::new(target.uri.service.signing_name, &place.region);
            let chosen = settings.source(target.credentials.as_deref());
            Some(Self { place, chosen: ArcSwap::from_pointee(chosen), signatures })
        })
    }

    /// Where the keys come from; chosen anew if the roles are others now.
    fn source(&self, target: &AwsTarget, settings: &AwsSettings) -> Source {
        let chosen = self.chosen.load();
        if chosen.number == settings.roles.load().number {
            return chosen.source.clone();
        }
        let chosen = settings.source(target.credentials.as_deref());
        let source = chosen.source.clone();
        self.chosen.store(Arc::new(chosen));
        source
    }

    /// Whether the operator set the endpoint.
    pub(crate) fn is_configured(&self) -> bool {
        self.place.is_configured
    }

    /// Where its connections go.
    pub(crate) fn upstream(&self) -> &Target {
        &self.place.target
    }
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Way({})", self.place.target)
    }
}

/// The integration cannot be called as it is configured: AWS's 500.
pub(crate) fn failed(reason: impl fmt::Display) -> Refusal {
    Box::new(GatewayError::of(Type::ApiConfigurationError).with_log(note::failed(reason)))
}
