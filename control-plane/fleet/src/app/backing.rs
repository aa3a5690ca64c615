//! The database, by use cases where something changes and by rows where
//! something is read.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use gw_app::{App, Committed, Error, JoinRequest, Rejected};
use gw_fleet_core::{
    declared::Entry,
    message::{ReceiptState, Resource},
    replica::{Fresh, FreshWorld, Pending, Recorded, Registered},
    rollout::Written,
    world::Change,
};
use gw_model::{Digest, NodeId, ReleaseNumber, ResourceName, Revision, StageKey};
use gw_store::{
    FactRow, NodeAck, NodeFact, NodeHello, NodeStanding, PendingRow, ReceiptRow, ReleaseState,
    WorldChanges, WorldStage,
};
use time::{Duration, OffsetDateTime};

use crate::backing::{Answer, Backing, BackingError, NodeFacts, ReceiptNote, SignOfLife};

/// A node of another replica that was not seen for this long is not connected,
/// whatever its row says: its replica is gone.
const SEEN_RECENTLY: Duration = Duration::seconds(5);

/// The database behind the use cases.
pub struct AppBacking {
    app: App,
    replica: String,
}

impl AppBacking {
    /// For the replica of this name.
    pub fn new(app: App, replica: impl Into<String>) -> Self {
        Self { app, replica: replica.into() }
    }

    fn registered(&self, row: NodeStanding, now: OffsetDateTime) -> Registered {
        let other = row.replica.is_some_and(|replica| replica != self.replica);
        Registered {
            node: row.id,
            cordoned: row.cordoned,
            elsewhere: other && now - row.last_seen < SEEN_RECENTLY,
        }
    }

    async fn fresh(
        &self,
        since: Option<Revision>,
        asked: &[(StageKey, ReleaseNumber)],
    ) -> Result<Fresh, Error> {
        let mut txn = self.app.store().read().await?;
        let changes = match since {
            Some(since) => txn.world_changes(since).await?,
            None => WorldChanges::Resync,
        };
        let (revision, world, pending) = match changes {
            WorldChanges::Delta { to, stages, nodes, facts, removed, pending } => {
                let upserts = resources(stages, &nodes).map(Change::upsert);
                let removals = removed.into_iter().map(Change::removal);
                let changes = upserts.chain(removals).chain(self.facts(facts)).collect();
                (to, FreshWorld::Changes(changes), pending)
            }
            WorldChanges::Resync => {
                let world = txn.world_load().await?;
                let facts = self.facts(world.facts).filter_map(|change| {
                    let Entry { version, content } = change.entry?;
                    Some(Resource { name: change.name, version, content })
                });
                let resources = resources(world.stages, &world.nodes).chain(facts).collect();
                (world.revision, FreshWorld::Whole(resources), world.pending)
            }
        };
        let now = self.app.now();
        let nodes = txn.node_standings().await?;
        let mut receipts = Vec::new();
        for (stage, release) in asked {
            let rows = txn.receipt_list(stage, *release).await?;
            receipts.extend(rows.into_iter().filter_map(|row| recorded(stage, *release, row)));
        }
        Ok(Fresh {
            revision,
            world,
            pending: pending.into_iter().map(self::pending).collect(),
            nodes: nodes.into_iter().map(|row| self.registered(row, now)).collect(),
            receipts,
        })
    }

    /// Facts as nodes get them. One that cannot be opened is gone for nodes:
    /// they go on without it, and with all others.
    fn facts(&self, rows: Vec<FactRow>) -> impl Iterator<Item = Change> {
        rows.into_iter().map(|row| {
            let name = ResourceName::Fact(row.name.clone());
            match self.app.fact_content(&row) {
                Ok(content) => {
                    let entry = Entry { version: row.version, content: content.as_ref().into() };
                    Change { name, entry: Some(entry) }
                }
                Err(error) => {
                    tracing::error!(fact = %row.name, %error, "a fact cannot be opened");
                    Change::removal(name)
                }
            }
        })
    }

    async fn standing(&self, stage: &StageKey, release: ReleaseNumber) -> Result<Written, Error> {
        let mut txn = self.app.store().read().await?;
        let Some(row) = txn.stage_fetch(stage).await? else { return Ok(Written::Superseded) };
        let Some(release) = txn.release_fetch(&row, release).await? else {
            return Ok(Written::Superseded);
        };
        Ok(match release.state {
            ReleaseState::Pending => Written::Pending,
            ReleaseState::Serving | ReleaseState::Former => Written::Committed,
            ReleaseState::Rejected => rejected(release.reason.as_deref()),
            ReleaseState::Superseded => Written::Superseded,
        })
    }
}

#[async_trait]
impl Backing for AppBacking {
    async fn read(
        &self,
        since: Option<Revision>,
        receipts: &[(StageKey, ReleaseNumber)],
    ) -> Answer<Fresh> {
        self.fresh(since, receipts).await.map_err(fault)
    }

    async fn open_epoch(&self, seen: Revision) -> Answer<()> {
        self.app.revision_observed(seen).await.map_err(fault)?;
        Ok(())
    }

    async fn commit(&self, stage: &StageKey, release: ReleaseNumber) -> Answer<Written> {
        match self.app.rollout_commit(stage, release).await.map_err(fault)? {
            Committed::Done { .. } => Ok(Written::Committed),
            Committed::NotPending => self.inquire(stage, release).await,
        }
    }

    async fn reject(
        &self,
        stage: &StageKey,
        release: ReleaseNumber,
        node: &NodeId,
        reason: &str,
    ) -> Answer<Written> {
        match self.app.rollout_reject(stage, release, node, reason).await.map_err(fault)? {
            Rejected::Done { .. } => Ok(Written::Rejected),
            Rejected::NotPending => self.inquire(stage, release).await,
        }
    }

    async fn inquire(&self, stage: &StageKey, release: ReleaseNumber) -> Answer<Written> {
        self.standing(stage, release).await.map_err(fault)
    }

    async fn record(&self, notes: Vec<ReceiptNote>) -> Answer<()> {
        let row = |note: ReceiptNote| {
            let (stage, release) = (note.stage.clone(), note.release);
            (stage, release, receipt_row(note))
        };
        let rows: Vec<_> = notes.into_iter().map(row).collect();
        self.app.receipts_put(&rows).await.map_err(fault)
    }

    async fn node_connected(&self, facts: &NodeFacts) -> Answer<Option<u32>> {
        let hello = NodeHello {
            id: facts.node.clone(),
            replica: self.replica.clone(),
            build: facts.build.clone(),
            traffic_address: facts.traffic_address.clone(),
            metrics_address: facts.metrics_address.clone(),
            boot_epoch: facts.boot_epoch,
        };
        self.app.node_connect(&hello).await.map_err(fault)
    }

    async fn node_known(&self, node: &NodeId) -> Answer<bool> {
        // Once in months for each node, so that no query of its own is worth it.
        let nodes = self.app.node_rows().await.map_err(fault)?;
        Ok(nodes.iter().any(|row| row.id == *node))
    }

    async fn node_disconnected(&self, node: &NodeId) -> Answer<()> {
        self.app.node_disconnect(node, &self.replica).await.map_err(fault)
    }

    async fn nodes_seen(&self, signs: Vec<SignOfLife>) -> Answer<()> {
        let ack = |sign: SignOfLife| NodeAck {
            id: sign.node,
            replica: self.replica.clone(),
            acked: sign.acked,
            at: sign.at,
            draining: sign.draining,
        };
        let acks: Vec<_> = signs.into_iter().map(ack).collect();
        self.app.nodes_seen(&acks).await.map_err(fault)
    }

    async fn join(
        &self,
        token_secret: &str,
        name: &str,
        labels: BTreeMap<String, String>,
    ) -> Answer<NodeId> {
        let request = JoinRequest {
            token_secret: token_secret.to_owned(),
            name: (!name.is_empty()).then(|| NodeId::new(name)),
            labels,
        };
        match self.app.node_join(&request).await {
            Ok(joined) => Ok(joined.node),
            Err(Error::Unauthenticated) => {
                Err(BackingError::Refused("the join token is not valid".to_owned()))
            }
            Err(error) => Err(fault(error)),
        }
    }

    async fn content(&self, digest: Digest) -> Answer<Option<Arc<[u8]>>> {
        let read = async {
            let mut txn = self.app.store().read().await?;
            Ok::<_, Error>(txn.content_fetch(digest).await?)
        };
        Ok(read.await.map_err(fault)?.map(Into::into))
    }
}

/// The world's resources; assignments to single nodes are for waves, which
/// nothing makes yet.
fn resources(stages: Vec<WorldStage>, nodes: &[NodeFact]) -> impl Iterator<Item = Resource> {
    let stage = |stage: WorldStage| Resource {
        name: ResourceName::Stage(stage.key),
        version: stage.version,
        content: stage.content.into(),
    };
    let stages = stages.into_iter().filter(|stage| stage.node.is_none()).map(stage);
    stages.chain(nodes.iter().map(node_resource))
}

fn node_resource(fact: &NodeFact) -> Resource {
    // Every replica must write the same bytes: nodes compare digests of them.
    let content = serde_json::json!({
        "slot": fact.slot, "bootEpoch": fact.boot_epoch, "address": fact.address,
    });
    Resource {
        name: ResourceName::Node(fact.node.clone()),
        version: fact.version,
        content: content.to_string().into_bytes().into(),
    }
}

/// A rejection as it is stored: `{node}: {reason}`. Names have no colon.
fn rejected(reason: Option<&str>) -> Written {
    match reason.and_then(|text| text.split_once(": ")) {
        Some((node, reason)) => {
            Written::RejectedFor { node: NodeId::new(node), reason: reason.to_owned() }
        }
        None => Written::Rejected,
    }
}

fn pending(row: PendingRow) -> Pending {
    Pending { stage: row.key, release: row.number, content: row.content.into() }
}

fn recorded(stage: &StageKey, release: ReleaseNumber, row: ReceiptRow) -> Option<Recorded> {
    let state = match row.state {
        gw_store::ReceiptState::Waiting => return None,
        gw_store::ReceiptState::Prepared => ReceiptState::Prepared,
        gw_store::ReceiptState::Serving => ReceiptState::Serving,
        gw_store::ReceiptState::Rejected => ReceiptState::Rejected,
        gw_store::ReceiptState::Lagging => ReceiptState::Lagging,
    };
    let reason = row.reason.unwrap_or_default();
    Some(Recorded { stage: stage.clone(), release, node: row.node, state, reason })
}

pub(super) fn receipt_row(note: ReceiptNote) -> ReceiptRow {
    ReceiptRow {
        node: note.node,
        state: match note.state {
            None => gw_store::ReceiptState::Waiting,
            Some(ReceiptState::Prepared) => gw_store::ReceiptState::Prepared,
            Some(ReceiptState::Serving) => gw_store::ReceiptState::Serving,
            Some(ReceiptState::Rejected) => gw_store::ReceiptState::Rejected,
            Some(ReceiptState::Lagging) => gw_store::ReceiptState::Lagging,
        },
        reason: Some(note.reason).filter(|reason| !reason.is_empty()),
        warnings: note.warnings,
        compile_us: note.compile_us,
        at: note.at,
    }
}

/// What the fleet makes of a use case's error: something to try again, or not.
#[expect(clippy::needless_pass_by_value, reason = "used as a function of map_err")]
fn fault(error: Error) -> BackingError {
    match &error {
        Error::Unavailable(_) | Error::Contended(_) => BackingError::Unavailable(error.to_string()),
        Error::Internal(source) => BackingError::Refused(format!("internal error: {source}")),
        _ => BackingError::Refused(error.to_string()),
    }
}
