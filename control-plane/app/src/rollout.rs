//! What the fleet does to releases and reads of the world. These use cases
//! have no caller: the nodes' answers decide.

use gw_model::{Digest, NodeId, Release, ReleaseNumber, Revision, StageKey};
use gw_store::{
    Audit, Commit, ContentChunk, NewRelease, PendingRow, ReceiptRow, Rejection, StageRow, Txn,
    WorldChanges, WorldRow,
};

use crate::{
    App, Caller, Error, Result, release::rejection_detail, stage::place, transact::transact,
};

/// What became of an attempt to commit a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// It serves now.
    Done {
        /// The revision at which it does.
        revision: Revision,
        /// What served before.
        former: Option<ReleaseNumber>,
    },
    /// Another replica was first, a newer release overtook it, it was
    /// rejected, or its stage is gone.
    NotPending,
}

/// What became of a rejected release.
#[derive(Debug, Clone, PartialEq)]
pub enum Rejected {
    /// It is marked, and this release was appended in its place; `None` if
    /// there is nothing to go back to.
    Done {
        /// Pending, to be rolled out as any other.
        repair: Option<Box<Release>>,
        /// The revision of both.
        revision: Revision,
    },
    /// It was not pending any more.
    NotPending,
}

/// The release that takes a rejected one's place.
///
/// Deployment and canary come from what serves, every other setting from the
/// rejected (newest) release, so that a change acknowledged beside the bad
/// deployment is not lost. If those were not at fault, everything comes from
/// what serves; and if that was rejected as it is, there is nothing to repair.
fn repair(serving: &Release, rejected: &Release) -> Option<Release> {
    let number = ReleaseNumber(rejected.number.0 + 1);
    let kept = Release {
        number,
        deployment_id: serving.deployment_id.clone(),
        deployment: serving.deployment,
        canary: serving.canary.clone(),
        ..rejected.clone()
    };
    let whole = Release { number, ..serving.clone() };
    let unlike =
        |release: &Release| *release != Release { number: release.number, ..rejected.clone() };
    [kept, whole].into_iter().find(unlike)
}

impl App {
    /// Makes a pending release the serving one: a compare-and-set that one
    /// replica wins.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn rollout_commit(&self, key: &StageKey, number: ReleaseNumber) -> Result<Committed> {
        let (outcome, revision) =
            transact!(self, |txn| { (txn.release_commit(key, number).await?, None::<Audit>) })?;
        Ok(match (outcome, revision) {
            (Commit::Done { former }, Some(revision)) => Committed::Done { revision, former },
            _ => Committed::NotPending,
        })
    }

    /// Marks a pending release as rejected and appends the one that repairs
    /// the stage, in one transaction.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn rollout_reject(
        &self,
        key: &StageKey,
        number: ReleaseNumber,
        node: &NodeId,
        reason: &str,
    ) -> Result<Rejected> {
        let (repair, revision) = transact!(self, |txn| {
            match txn.stage_lock(key).await? {
                None => (None, None::<Audit>),
                Some(stage) => {
                    let repair = self.reject_in(&mut txn, &stage, number, node, reason).await?;
                    let repaired = repair.as_ref().map(|release| release.number);
                    let system = Caller::system(key.scope.clone());
                    let detail = rejection_detail(number, node.as_str(), reason, repaired);
                    let audit = system.audit_with("RejectRelease", place(key), detail);
                    (repair, Some(audit))
                }
            }
        })
        .or_else(|error| match error {
            // The body's way to say that nothing is to be written.
            Error::Stale { .. } => Ok((None, None)),
            other => Err(other),
        })?;
        Ok(match revision {
            Some(revision) => Rejected::Done { repair: repair.map(Box::new), revision },
            None => Rejected::NotPending,
        })
    }

    async fn reject_in(
        &self,
        txn: &mut Txn,
        stage: &StageRow,
        number: ReleaseNumber,
        node: &NodeId,
        reason: &str,
    ) -> Result<Option<Release>> {
        let told = format!("{node}: {reason}");
        if txn.release_reject(stage, number, &told).await? == Rejection::NotPending {
            return Err(Error::Stale { expected: number, actual: stage.desired.number });
        }
        // Only the newest release can be pending, so the rejected one is it.
        let Some(serving) = stage.serving else { return Ok(None) };
        let Some(serving) = txn.release_fetch(stage, serving).await? else { return Ok(None) };
        let Some(release) = repair(&serving.release, &stage.desired) else { return Ok(None) };
        let actor = Caller::system(stage.key.scope.clone()).arn;
        let new = NewRelease { release: &release, cause: "repair", actor: &actor, at: self.now() };
        txn.release_append(stage, new).await?;
        Ok(Some(release))
    }

    /// Every rollout under way, oldest first.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn pending_rollouts(&self) -> Result<Vec<PendingRow>> {
        let mut txn = self.store().read().await?;
        Ok(txn.pending_list().await?)
    }

    /// The whole world at one revision.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn world_load(&self) -> Result<WorldRow> {
        let mut txn = self.store().read().await?;
        Ok(txn.world_load().await?)
    }

    /// What changed after a revision, or the word to load the whole world.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn changes_since(&self, from: Revision) -> Result<WorldChanges> {
        let mut txn = self.store().read().await?;
        Ok(txn.world_changes(from).await?)
    }

    /// A piece of a deployment's content; `None` for an unknown digest.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn content_chunk(
        &self,
        digest: Digest,
        offset: u64,
        length: u32,
    ) -> Result<Option<ContentChunk>> {
        let mut txn = self.store().read().await?;
        Ok(txn.content_chunk(digest, offset, length).await?)
    }

    /// Writes receipts, each in place of what its node said before. Many are
    /// one transaction; they are not audited.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn receipts_put(
        &self,
        receipts: &[(StageKey, ReleaseNumber, ReceiptRow)],
    ) -> Result<()> {
        // One order everywhere, so that replicas do not wait for each other.
        let mut sorted = receipts.to_vec();
        sorted.sort_by(|a, b| (&a.0, a.1, &a.2.node).cmp(&(&b.0, b.1, &b.2.node)));
        transact!(self, |txn| {
            txn.receipts_put(&sorted).await?;
            ((), None::<Audit>)
        })?;
        Ok(())
    }

    /// The newest committed revision.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn revision(&self) -> Result<Revision> {
        let mut txn = self.store().read().await?;
        Ok(txn.log_position().await?.revision)
    }

    /// Tells the log of a revision that somebody was handed. If the database
    /// is behind it (a restore, a failover), a new epoch opens and its first
    /// revision is answered: every node then resyncs in full.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn revision_observed(&self, seen: Revision) -> Result<Option<Revision>> {
        let (opened, _) = transact!(self, |txn| {
            let opened = txn.epoch_guard(seen).await?;
            let audit = opened.map(|revision| {
                let scope = gw_model::Scope::new("-", "-");
                let detail = serde_json::json!({
                    "seen": seen.to_string(), "opened": revision.to_string(),
                });
                Caller::system(scope).audit_with("OpenEpoch", "revision".to_owned(), detail)
            });
            (opened, audit)
        })?;
        Ok(opened)
    }

    /// The check of every start: nodes' acknowledgements are in the database
    /// too, and a dump restored in parts can hold some from its future.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn epoch_check(&self) -> Result<Revision> {
        let mut txn = self.store().read().await?;
        let acked = txn.node_list().await?.into_iter().map(|node| node.acked).max();
        drop(txn);
        if let Some(acked) = acked {
            self.revision_observed(acked).await?;
        }
        self.revision().await
    }

    /// Removes content of deleted APIs that was last stored `age_s` seconds ago
    /// or more.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn contents_prune(&self, age_s: u32) -> Result<u64> {
        let (gone, _) =
            transact!(self, |txn| { (txn.contents_prune(age_s).await?, None::<Audit>) })?;
        Ok(gone)
    }

    /// Forgets the log but for its newest `keep` numbers; who is further
    /// behind loads the whole world.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn changes_prune(&self, keep: u64) -> Result<u64> {
        let (gone, _) = transact!(self, |txn| { (txn.changes_prune(keep).await?, None::<Audit>) })?;
        Ok(gone)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use gw_model::{StageSettings, Variables};

    use super::*;

    fn release(number: u64, deployment: &str, variable: &str) -> Release {
        Release {
            number: ReleaseNumber(number),
            deployment_id: deployment.into(),
            deployment: Digest::of(deployment.as_bytes()),
            variables: Variables::from([("v".to_owned(), variable.to_owned())]),
            canary: None,
            settings: StageSettings::default(),
        }
    }

    #[test]
    fn repairs_keep_what_was_acknowledged_beside() {
        let repaired = repair(&release(4, "good", "old"), &release(6, "bad", "new")).unwrap();
        assert_eq!(repaired, release(7, "good", "new"));
    }

    #[test]
    fn repairs_end() {
        // The settings themselves were at fault: everything comes from what serves.
        let repaired = repair(&release(4, "good", "old"), &release(7, "good", "new")).unwrap();
        assert_eq!(repaired, release(8, "good", "old"));
        // Even that was rejected: there is nothing left to try.
        assert_eq!(repair(&release(4, "good", "old"), &release(8, "good", "old")), None);
    }
}
