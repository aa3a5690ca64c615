//! What a node holds beside stages: one file for each kind.
//!
//! Facts come one by one, in the order of the log, and each stands for itself:
//! one that names another (a key its plan) looks it up when it is used.

mod api_keys;
mod backends;
mod domains;
mod scoped;
mod usage_plans;

use gw_model::{FactName, Scope, StageKey};

pub use self::{
    api_keys::ApiKey,
    backends::{ClientCertificate, VpcLink},
    domains::{Domain, DomainCertificate, Place},
};
use self::{api_keys::ApiKeys, domains::Domains, scoped::Scoped, usage_plans::UsagePlans};

/// A fact whose content this build cannot read. The node goes on without it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("fact {name} cannot be read: {reason}")]
pub struct UnreadableFact {
    /// Its name.
    pub name: FactName,
    /// What is wrong with its content; never the content itself.
    pub reason: String,
}

/// All facts of a world. Clones share what they do not change.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    api_keys: ApiKeys,
    usage_plans: UsagePlans,
    client_certificates: Scoped<ClientCertificate>,
    vpc_links: Scoped<VpcLink>,
    domains: Domains,
}

impl Facts {
    /// The key with that value, if one of its usage plans holds the stage. Why
    /// there is none is not told, as at AWS.
    pub fn api_key(&self, stage: &StageKey, value: &[u8]) -> Option<&ApiKey> {
        let key = self.api_keys.find(&stage.scope, value)?;
        key.plans().any(|plan| self.usage_plans.holds(plan, stage)).then_some(key)
    }

    /// A client certificate by its id.
    pub fn client_certificate(&self, scope: &Scope, id: &str) -> Option<&ClientCertificate> {
        self.client_certificates.get(scope, id)
    }

    /// A VPC link by its id.
    pub fn vpc_link(&self, scope: &Scope, id: &str) -> Option<&VpcLink> {
        self.vpc_links.get(scope, id)
    }

    /// The custom domain of a host without its port, wildcards included.
    pub fn domain(&self, host: &str) -> Option<&Domain> {
        self.domains.find(host)
    }

    /// How many custom domains there are.
    pub fn domain_count(&self) -> usize {
        self.domains.len()
    }

    /// How many shards of custom domains are the same in memory as those of
    /// `other`, of how many.
    pub fn shared_domain_shards(&self, other: &Self) -> (usize, usize) {
        self.domains.shared_with(&other.domains)
    }

    /// How many API keys there are.
    pub fn api_key_count(&self) -> usize {
        self.api_keys.len()
    }

    /// How many shards of API keys are the same in memory as those of `other`,
    /// of how many.
    pub fn shared_key_shards(&self, other: &Self) -> (usize, usize) {
        self.api_keys.shared_with(&other.api_keys)
    }

    /// Takes in a fact. One that cannot be read takes what had its name out,
    /// too: better no key than one whose plans changed meanwhile.
    pub(crate) fn put(&mut self, name: &FactName, content: &[u8]) -> Result<(), UnreadableFact> {
        let done = match name {
            FactName::ApiKey(scope, id) => self.api_keys.put(scope, id, content),
            FactName::HashKey(_) if *name == FactName::api_key_hash() => {
                self.api_keys.put_hash_key(content)
            }
            FactName::UsagePlan(scope, id) => self.usage_plans.put(scope, id, content),
            FactName::ClientCertificate(scope, id) => ClientCertificate::read(content)
                .map(|certificate| self.client_certificates.put(scope, id, certificate)),
            FactName::VpcLink(scope, id) => {
                VpcLink::read(content).map(|link| self.vpc_links.put(scope, id, link))
            }
            FactName::Domain(name) => self.domains.put(name, content),
            // Kept unread: nothing on this node asks for them.
            FactName::HashKey(_) => Ok(()),
        };
        done.map_err(|error| {
            self.remove(name);
            // serde_json's texts may quote the content; where it is they never do.
            let (line, column) = (error.line(), error.column());
            let reason = format!("{:?} at {line}:{column}", error.classify());
            UnreadableFact { name: name.clone(), reason }
        })
    }

    /// Takes out a fact.
    pub(crate) fn remove(&mut self, name: &FactName) {
        match name {
            FactName::ApiKey(scope, id) => self.api_keys.remove(scope, id),
            FactName::HashKey(_) if *name == FactName::api_key_hash() => {
                self.api_keys.remove_hash_key();
            }
            FactName::UsagePlan(scope, id) => self.usage_plans.remove(scope, id),
            FactName::ClientCertificate(scope, id) => self.client_certificates.remove(scope, id),
            FactName::VpcLink(scope, id) => self.vpc_links.remove(scope, id),
            FactName::Domain(name) => self.domains.remove(name),
            FactName::HashKey(_) => {}
        }
    }
}
