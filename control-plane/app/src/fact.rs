//! Facts for nodes: written with the rows that they are derived from, sealed
//! where they hold secrets, and waited for.

use std::{borrow::Cow, time::Duration};

use gw_model::{FactName, Revision};
use gw_store::{FactRow, Txn};
use serde::Serialize;
use tokio::time::Instant;

use crate::{App, Error, Result};

/// How often the rows of nodes are read that other replicas hold.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What a sealed fact is sealed for.
fn purpose(name: &FactName) -> String {
    format!("fact/{name}")
}

impl App {
    /// Writes a fact in the transaction of what it is derived from. One that
    /// is as it was takes no revision.
    pub(crate) async fn fact_put(
        &self,
        txn: &mut Txn,
        name: &FactName,
        content: &impl Serialize,
    ) -> Result<()> {
        let content = serde_json::to_vec(content).map_err(Error::internal)?;
        txn.fact_put(name, &content, false).await?;
        Ok(())
    }

    /// The same for a fact with secrets: Postgres holds it sealed, nodes get
    /// it opened over their mutual TLS.
    pub(crate) async fn fact_put_sealed(
        &self,
        txn: &mut Txn,
        name: &FactName,
        content: &impl Serialize,
    ) -> Result<()> {
        let content =
            zeroize::Zeroizing::new(serde_json::to_vec(content).map_err(Error::internal)?);
        // Two sealings of one content differ, so that only here can be told
        // whether anything changes.
        if let Some(before) = txn.fact_fetch(name).await?
            && self.fact_content(&before).is_ok_and(|before| *before == **content)
        {
            return Ok(());
        }
        let sealed = self.master_key().seal(self.entropy(), &purpose(name), &content);
        txn.fact_put(name, &sealed, true).await?;
        Ok(())
    }

    /// A fact's content as nodes get it.
    ///
    /// # Errors
    /// When it was sealed with another master key, or was changed since.
    pub fn fact_content<'r>(&self, row: &'r FactRow) -> Result<Cow<'r, [u8]>> {
        if !row.sealed {
            return Ok(Cow::Borrowed(&row.content));
        }
        let opened = self.master_key().open(&purpose(&row.name), &row.content)?;
        Ok(Cow::Owned(opened.to_vec()))
    }

    /// Tells the nodes of facts, or that stages are gone, as committed at
    /// `revision`, and waits until every connected node has acknowledged it,
    /// at most as long as for a release: a request sent after that meets them. `None`, a change that
    /// no node can notice, is waited for by nobody.
    pub async fn facts_settled(&self, revision: Option<Revision>) {
        let Some(revision) = revision else { return };
        self.fleet().world_changed(revision);
        let until = Instant::now() + self.release_wait();
        let acked = self.fleet().await_revision(revision, self.release_wait()).await;
        if !acked || !self.fleet().has_nodes_elsewhere() {
            return;
        }
        // Other replicas write their nodes' acknowledgements once a second.
        while Instant::now() < until {
            match self.acked_elsewhere(revision).await {
                Ok(false) => tokio::time::sleep(LOOK_AGAIN).await,
                // Who waits has been told the truth already: it is committed.
                Ok(true) | Err(_) => return,
            }
        }
    }

    async fn acked_elsewhere(&self, revision: Revision) -> Result<bool> {
        let here: Vec<_> = self.fleet().live_nodes().into_iter().map(|node| node.id).collect();
        let mut txn = self.store().read().await?;
        Ok(!txn.nodes_behind(revision, &here).await?)
    }
}
