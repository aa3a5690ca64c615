//! Targets of VPC links: which addresses stand for a load balancer here.
//!
//! They are rows and not flags, so that all replicas and nodes agree on them,
//! and a change reaches the nodes as every other does.

use gw_model::{TargetAddress, target::load_balancer_name};
use gw_store::VpcTargetRow;

use crate::{
    App, Caller, Error, Result, VpcTargetView, error::Kind, transact::transact,
    vpc_link::publish_links_to,
};

/// The most addresses of one target.
const MOST_ADDRESSES: usize = 64;

fn place(target: &str) -> String {
    format!("vpctargets/{target}")
}

/// The addresses of a load balancer: those of its ARN, else those of its name.
pub(crate) fn resolve<'t>(targets: &'t [VpcTargetRow], arn: &str) -> Option<&'t VpcTargetRow> {
    let of = |key: &str| targets.iter().find(|row| row.target == key);
    of(arn).or_else(|| load_balancer_name(arn).and_then(of))
}

fn check(target: &str, addresses: &[TargetAddress]) -> Result<()> {
    let name = |text: &str| {
        (1..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if !name(target) && load_balancer_name(target).is_none() {
        return Err(Error::BadRequest(format!(
            "{target:?} is neither the ARN of a load balancer nor the name of one"
        )));
    }
    if addresses.is_empty() || addresses.len() > MOST_ADDRESSES {
        return Err(Error::BadRequest(format!(
            "a target has 1 to {MOST_ADDRESSES} addresses, HOST or HOST:PORT"
        )));
    }
    Ok(())
}

impl App {
    /// Sets the addresses of a target; the links to it follow at once.
    ///
    /// # Errors
    /// When the target is neither ARN nor name, or has no address.
    pub async fn vpc_target_put(
        &self,
        caller: &Caller,
        target: &str,
        addresses: &[TargetAddress],
    ) -> Result<VpcTargetView> {
        check(target, addresses)?;
        let (row, revision) = transact!(self, |txn| {
            let scope = &caller.scope;
            txn.vpc_targets_lock(scope).await?;
            let row = VpcTargetRow {
                target: target.to_owned(),
                addresses: addresses.to_vec(),
                updated_at: self.now(),
            };
            txn.vpc_target_put(scope, &row).await?;
            publish_links_to(self, &mut txn, scope, target).await?;
            (row, Some(caller.audit("PutVpcTarget", place(target))))
        })?;
        self.facts_settled(revision).await;
        Ok(row)
    }

    /// Forgets a target; the links to it lead nowhere from then on.
    ///
    /// # Errors
    /// When there is no such one.
    pub async fn vpc_target_delete(&self, caller: &Caller, target: &str) -> Result<()> {
        let ((), revision) = transact!(self, |txn| {
            let scope = &caller.scope;
            txn.vpc_targets_lock(scope).await?;
            if !txn.vpc_target_delete(scope, target).await? {
                Err(Error::not_found(Kind::VpcTarget, target))?;
            }
            publish_links_to(self, &mut txn, scope, target).await?;
            ((), Some(caller.audit("DeleteVpcTarget", place(target))))
        })?;
        self.facts_settled(revision).await;
        Ok(())
    }

    /// All targets of the caller's scope, by name.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn vpc_target_list(&self, caller: &Caller) -> Result<Vec<VpcTargetView>> {
        let mut txn = self.store().read().await?;
        Ok(txn.vpc_target_list(&caller.scope).await?)
    }
}
