//! Which certificate a domain shows, and what nodes are told of a domain.

use std::str::FromStr;

use gw_model::{
    DomainName, EndpointType, RoutingMode, Scope,
    fact::{DomainCertificate, DomainFact},
};
use gw_store::{DomainCertificateRow, Txn};
use time::Duration;

use crate::{
    App, Error, Result,
    certificate::{self, Material, check_covers, fact_name},
    transact::transact,
};

/// Issued certificates are renewed this long before they end.
const RENEW_AHEAD: Duration = Duration::days(60);

/// More than any domain has.
const ALL: i64 = i64::MAX;

/// What happens to certificate ARNs that the certificate store does not know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UnknownCertificates {
    /// The domain gets a certificate of this installation's own authority, so
    /// that tools made for AWS work with the ARNs that they have.
    #[default]
    Issue,
    /// The call is refused.
    Refuse,
}

impl FromStr for UnknownCertificates {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "issue" => Ok(Self::Issue),
            "refuse" => Ok(Self::Refuse),
            _ => Err("expected issue or refuse".to_owned()),
        }
    }
}

/// A domain has one certificate for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Of an edge or private endpoint.
    Edge,
    /// Of a regional one.
    Regional,
}

impl Role {
    const ALL: [Self; 2] = [Self::Edge, Self::Regional];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Regional => "regional",
        }
    }

    fn needed_by(self, domain: &DomainName) -> bool {
        match self {
            Self::Edge => domain.has(EndpointType::Edge) || domain.is_private(),
            Self::Regional => domain.has(EndpointType::Regional),
        }
    }

    fn arn(self, domain: &DomainName) -> Option<&str> {
        match self {
            Self::Edge => domain.certificate_arn.as_deref(),
            Self::Regional => domain.regional_certificate_arn.as_deref(),
        }
    }

    fn missing(self, domain: &DomainName) -> Error {
        let endpoint = match self {
            Self::Edge if domain.is_private() => "PRIVATE",
            Self::Edge => "EDGE",
            Self::Regional => "REGIONAL",
        };
        Error::BadRequest(format!(
            "A certificate was not provided for the endpoint type {endpoint}."
        ))
    }
}

/// What the key of a domain's own certificate is sealed for.
fn purpose(domain: &str, role: Role) -> String {
    format!("domain-certificate/{domain}/{}", role.as_str())
}

impl App {
    /// Brings the certificates that belong to a domain in line with what it
    /// declares; true if any of them is another one now.
    pub(super) async fn domain_keys_settle(
        &self,
        txn: &mut Txn,
        scope: &Scope,
        before: Option<&DomainName>,
        domain: &DomainName,
        inline: Option<&Material>,
    ) -> Result<bool> {
        if let Some(arn) = &domain.ownership_verification_certificate_arn {
            certificate::check_arn(arn)?;
        }
        let mut anew = false;
        for role in Role::ALL {
            if !role.needed_by(domain) {
                if before.is_some() {
                    txn.domain_certificate_delete(&domain.name, role.as_str()).await?;
                }
                continue;
            }
            let former = before.filter(|before| role.needed_by(before));
            let kept = former.is_some_and(|former| role.arn(former) == role.arn(domain));
            match role.arn(domain) {
                _ if kept => continue,
                Some(arn) => self.domain_key_by_arn(txn, scope, domain, role, arn).await?,
                None => match inline.filter(|_| role == Role::Edge) {
                    Some(inline) => {
                        inline.check_covers(&domain.name)?;
                        self.domain_key_put(txn, domain, role, inline, false).await?;
                    }
                    None => return Err(role.missing(domain)),
                },
            }
            anew = true;
        }
        Ok(anew)
    }

    async fn domain_key_by_arn(
        &self,
        txn: &mut Txn,
        scope: &Scope,
        domain: &DomainName,
        role: Role,
        arn: &str,
    ) -> Result<()> {
        certificate::check_arn(arn)?;
        // Nobody imports or deletes it meanwhile.
        txn.certificate_turn(arn).await?;
        if let Some(known) = txn.certificate_fetch(arn).await? {
            if known.scope.account != scope.account {
                return Err(Error::bad_request(
                    "The certificate provided must be owned by the account creating the domain.",
                ));
            }
            check_covers(&known.names, &domain.name)?;
            return Ok(txn.domain_certificate_delete(&domain.name, role.as_str()).await?);
        }
        match self.domains().unknown_certificates {
            UnknownCertificates::Refuse => Err(Error::BadRequest(format!(
                "The certificate {arn} is not in the certificate store. Import it there first."
            ))),
            UnknownCertificates::Issue => {
                let issued = self.domain_authority(txn).await?.issue(&domain.name, self.now())?;
                self.domain_key_put(txn, domain, role, &issued, true).await
            }
        }
    }

    async fn domain_key_put(
        &self,
        txn: &mut Txn,
        domain: &DomainName,
        role: Role,
        material: &Material,
        issued: bool,
    ) -> Result<()> {
        let purpose = purpose(&domain.name, role);
        let key = material.key_pem.as_bytes();
        let row = DomainCertificateRow {
            chain_pem: material.chain_pem.clone(),
            sealed_key: self.master_key().seal(self.entropy(), &purpose, key),
            issued,
            not_after: material.not_after,
        };
        Ok(txn.domain_certificate_put(&domain.name, role.as_str(), &row).await?)
    }

    /// After an import under an ARN that a domain names: what was issued in
    /// its place goes, and nodes are told.
    pub(crate) async fn domain_certificates_replaced(
        &self,
        txn: &mut Txn,
        domain: &DomainName,
        arn: &str,
    ) -> Result<()> {
        for role in Role::ALL {
            if role.needed_by(domain) && role.arn(domain) == Some(arn) {
                txn.domain_certificate_delete(&domain.name, role.as_str()).await?;
            }
        }
        self.domain_fact_write(txn, domain).await
    }

    /// The certificate that nodes show: the regional one where there are two.
    async fn domain_key(
        &self,
        txn: &mut Txn,
        domain: &DomainName,
    ) -> Result<Option<DomainCertificate>> {
        let role = if Role::Regional.needed_by(domain) { Role::Regional } else { Role::Edge };
        let (chain_pem, key) =
            match txn.domain_certificate_fetch(&domain.name, role.as_str()).await? {
                Some(own) => {
                    let purpose = purpose(&domain.name, role);
                    (own.chain_pem, self.master_key().open(&purpose, &own.sealed_key)?)
                }
                None => {
                    let Some(arn) = role.arn(domain) else { return Ok(None) };
                    let Some(row) = txn.certificate_fetch(arn).await? else { return Ok(None) };
                    let purpose = certificate::purpose(arn);
                    (row.chain_pem, self.master_key().open(&purpose, &row.sealed_key)?)
                }
            };
        let key_pem = String::from_utf8(key.to_vec()).map_err(Error::internal)?;
        Ok(Some(DomainCertificate { chain_pem, key_pem }))
    }

    /// Writes down what nodes are to know of a domain.
    pub(super) async fn domain_fact_write(&self, txn: &mut Txn, domain: &DomainName) -> Result<()> {
        // Nodes can tell neither private networks nor trusted clients, so such
        // a domain serves nobody rather than everybody.
        let refused = domain.is_private() || domain.mutual_tls.is_some();
        let mapped = !refused && domain.routing_mode != RoutingMode::RoutingRuleOnly;
        let mappings =
            if mapped { txn.mapping_list(&domain.name, "", ALL).await? } else { Vec::new() };
        let certificate = self.domain_key(txn, domain).await?;
        let fact = DomainFact {
            name: domain.name.clone(),
            certificate,
            mappings,
            refused,
            tls13_only: domain.is_tls13_only(),
        };
        self.fact_put_sealed(txn, &fact_name(&domain.name), &fact).await
    }

    /// Renews issued certificates that end soon; how many. A chore.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn domain_certificates_renew(&self) -> Result<u64> {
        let before = self.now() + RENEW_AHEAD;
        let ending = self.store().read().await?.domain_certificates_ending(before, 1000).await?;
        let mut renewed = 0;
        for (name, role) in ending {
            let Some(role) = Role::ALL.into_iter().find(|known| known.as_str() == role) else {
                continue;
            };
            let (done, revision) = transact!(self, |txn| {
                let row = txn.domain_lock(&name).await?;
                let own = txn.domain_certificate_fetch(&name, role.as_str()).await?;
                let due = own.is_some_and(|own| own.issued && own.not_after < before);
                match row.filter(|_| due) {
                    Some(row) => {
                        let domain = &row.definition;
                        let authority = self.domain_authority(&mut txn).await?;
                        let issued = authority.issue(&name, self.now())?;
                        self.domain_key_put(&mut txn, domain, role, &issued, true).await?;
                        self.domain_fact_write(&mut txn, domain).await?;
                        (true, None::<gw_store::Audit>)
                    }
                    None => (false, None),
                }
            })?;
            renewed += u64::from(done);
            if let Some(revision) = revision {
                self.fleet().world_changed(revision);
            }
        }
        Ok(renewed)
    }
}
