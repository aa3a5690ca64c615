//! How a stage reaches a backend: shown its client certificate, through its
//! VPC link.

use std::{borrow::Cow, cell::RefCell, collections::HashMap};

use gw_model::GatewayResponseType as Type;
use gw_snapshot::{ClientCertificate, HttpProxy, VpcLink};
use gw_upstream::{Identity, Scheme, Target, Via};

use crate::{
    ctx::{Located, RequestCtx},
    rescue::{Refusal, refuse},
};

/// Targets that are kept; beyond it all are made anew.
const MAX_TARGETS: usize = 4096;

/// The targets of one core that are reached in a way of their own. They are
/// keyed by numbers that are never given twice, so a certificate or link that
/// changed leads to other connections than before.
#[derive(Debug, Default)]
pub(crate) struct Reached(RefCell<HashMap<Key, Target>>);

/// The origin, the identity's number and the way's; 0 stands for none.
type Key = (Target, u64, u64);

impl Reached {
    fn get(&self, origin: &Target, identity: Option<&Identity>, via: Option<&Via>) -> Target {
        let key =
            (origin.clone(), identity.map_or(0, Identity::number), via.map_or(0, Via::number));
        if let Some(known) = self.0.borrow().get(&key) {
            return known.clone();
        }
        let target = origin.reached(identity, via);
        let mut targets = self.0.borrow_mut();
        if targets.len() >= MAX_TARGETS {
            targets.clear();
        }
        targets.insert(key, target.clone());
        target
    }
}

/// The origin as the stage of this request reaches it. A certificate or link
/// that this node does not have, or cannot use, is AWS's 500: to go without it
/// would reach somebody else, or as somebody else.
pub(crate) fn reached<'t>(
    ctx: &RequestCtx<'_>,
    located: Located<'_>,
    number: u32,
    proxy: &HttpProxy,
    origin: &'t Target,
) -> Result<Cow<'t, Target>, Refusal> {
    let certificate =
        located.stage.client_certificate().filter(|_| origin.scheme() == Scheme::Https);
    if certificate.is_none() && proxy.link.is_none() {
        return Ok(Cow::Borrowed(origin));
    }
    let (facts, scope) = (ctx.world.facts(), &located.stage.key().scope);
    let identity = match certificate {
        None => None,
        Some(id) => {
            let found = facts.client_certificate(scope, id);
            match found.and_then(|certificate| certificate.prepared(identity_of)) {
                Some(identity) => Some(identity),
                None => return refuse(Type::ApiConfigurationError),
            }
        }
    };
    let via = match &proxy.link {
        None => None,
        Some(_) => {
            let named = located.bound.link(number, proxy);
            let found = named.and_then(|id| facts.vpc_link(scope, id));
            match found.and_then(|link| link.prepared(via_of)) {
                Some(via) => Some(via),
                None => return refuse(Type::ApiConfigurationError),
            }
        }
    };
    Ok(Cow::Owned(ctx.core.reached.get(origin, identity, via)))
}

fn identity_of(certificate: &ClientCertificate) -> Option<Identity> {
    let identity = Identity::new(certificate.certificate_der(), certificate.key_der());
    identity
        .inspect_err(|error| tracing::error!(%error, "a client certificate cannot be used"))
        .ok()
}

fn via_of(link: &VpcLink) -> Option<Via> {
    let hosts = link.addresses().iter().map(|address| (address.host.as_str(), address.port));
    Via::new(hosts).ok()
}
