//! Nodes: how they join, what is known of them, and the operator's hand.

use std::{collections::BTreeMap, time::Duration};

use gw_model::{NodeId, Revision, Scope};
use gw_store::{Audit, NewNode, NodeAck, NodeHello, NodeRow, UnservedRow};

use crate::{
    App, Caller, Error, FleetView, JoinTokenSecret, LiveNode, NodeView, Result,
    clock::{ID_ALPHABET, text},
    error::Kind,
    transact::{Found as _, transact},
};

/// How many stages that a node does not serve are told of each.
const UNSERVED_TOLD: u32 = 20;

/// How often a node that lost its slot to another tries the next one.
const SLOT_TRIES: u32 = 20;

/// The purpose of join tokens' keyed hashes.
const JOIN: &str = "join-token";

/// A node that asks to join.
#[derive(Debug, Clone)]
pub struct JoinRequest {
    /// The secret part of its token.
    pub token_secret: String,
    /// The name that it wants; `None` lets us choose.
    pub name: Option<NodeId>,
    /// What it says of itself; the token's labels win.
    pub labels: BTreeMap<String, String>,
}

/// A node that joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Its name.
    pub node: NodeId,
    /// Its small number.
    pub slot: u32,
}

/// A node's name stands in certificates, file names and resource names.
fn is_node_name(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        && !text.starts_with(['.', '-'])
}

impl App {
    /// Makes a join token for so many nodes.
    ///
    /// # Errors
    /// When the bounds are out of range or the database is gone.
    pub async fn join_token_create(
        &self,
        caller: &Caller,
        uses: u32,
        ttl: Duration,
        labels: &BTreeMap<String, String>,
    ) -> Result<JoinTokenSecret> {
        const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);
        let uses = i32::try_from(uses).ok().filter(|uses| *uses > 0);
        let uses = uses.ok_or_else(|| Error::bad_request("uses must be at least 1"))?;
        if ttl.is_zero() || ttl > YEAR {
            return Err(Error::bad_request("ttlSeconds must be between 1 and a year's"));
        }
        let secret = text(self.entropy(), ID_ALPHABET, 40);
        let hash = self.master_key().mac(JOIN, secret.as_bytes());
        let expires_at = self.now() + ttl;
        transact!(self, |txn| {
            let hash = hash.as_ref();
            txn.join_token_insert(hash, uses, expires_at, labels, &caller.arn).await?;
            ((), Some(caller.audit("CreateJoinToken", "jointokens".to_owned())))
        })?;
        Ok(JoinTokenSecret { secret, expires_at })
    }

    /// Whether a join token could be used now.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn join_token_usable(&self, secret: &str) -> Result<bool> {
        let hash = self.master_key().mac(JOIN, secret.as_bytes());
        let mut txn = self.store().read().await?;
        Ok(txn.join_token_usable(hash.as_ref(), self.now()).await?)
    }

    /// Takes a node into the fleet and uses its token once. A name that
    /// another node holds at present is refused; a node that lost its disk
    /// gets its name and slot back.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for a token that is unknown, used up or
    /// expired; a conflict for a name in use.
    pub async fn node_join(&self, request: &JoinRequest) -> Result<Joined> {
        if request.name.as_ref().is_some_and(|name| !is_node_name(name.as_str())) {
            return Err(Error::bad_request(
                "a node's name has 1 to 63 letters, digits, dots, dashes and underscores",
            ));
        }
        let hash = self.master_key().mac(JOIN, request.token_secret.as_bytes());
        let mut tries = 0;
        loop {
            let (name, hash) = (&request.name, hash.as_ref());
            let outcome = transact!(self, |txn| {
                let token = txn.join_token_use(hash, self.now()).await?;
                let token = token.ok_or(Error::Unauthenticated)?;
                let id =
                    name.clone().unwrap_or_else(|| NodeId::new(format!("node-{}", self.new_id(8))));
                let former = txn.node_lock(&id).await?;
                if former.is_some_and(|node| node.replica.is_some()) {
                    let message = format!("node {id} is in the fleet and connected");
                    Err(Error::Conflict(message))?;
                }
                let mut labels = request.labels.clone();
                labels.extend(token.labels);
                let slot = txn.node_put(NewNode { id: &id, labels: &labels }).await?;
                let system = Caller::system(Scope::new("-", "-"));
                let audit = system.audit("JoinNode", format!("nodes/{id}"));
                (Joined { node: id, slot }, Some(audit))
            });
            if !lost_a_slot(&outcome, &mut tries) {
                return outcome.map(|(joined, _)| joined);
            }
        }
    }

    /// Notes that a node holds a stream to a replica; its slot, or `None` for
    /// a node that is not of the fleet. One that was forgotten is taken back.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn node_connect(&self, hello: &NodeHello) -> Result<Option<u32>> {
        let mut tries = 0;
        loop {
            let outcome =
                transact!(self, |txn| { (txn.node_connect(hello).await?, None::<Audit>) });
            if !lost_a_slot(&outcome, &mut tries) {
                return outcome.map(|(slot, _)| slot);
            }
        }
    }

    /// Takes a node that is away off the list of nodes. Should it connect
    /// again, it is back with its labels, cordoned if it was.
    ///
    /// # Errors
    /// When it is unknown; a conflict while some replica holds its stream.
    pub async fn node_forget(&self, caller: &Caller, id: &NodeId) -> Result<()> {
        // A stream may be open before the database has word of it.
        let here = self.fleet().live_nodes().iter().any(|node| node.id == *id);
        let ((), revision) = transact!(self, |txn| {
            let node = txn.node_lock(id).await?.found(Kind::Node, id)?;
            if here || node.replica.is_some() {
                let message = format!("node {id} is connected; end it before it is forgotten");
                Err(Error::Conflict(message))?;
            }
            txn.node_forget(id).await?;
            ((), Some(caller.audit("ForgetNode", format!("nodes/{id}"))))
        })?;
        if let Some(revision) = revision {
            self.fleet().world_changed(revision);
        }
        Ok(())
    }

    /// Notes that a node's stream to a replica ended.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn node_disconnect(&self, node: &NodeId, replica: &str) -> Result<()> {
        transact!(self, |txn| {
            txn.node_disconnect(node, replica).await?;
            ((), None::<Audit>)
        })?;
        Ok(())
    }

    /// Notes signs of life, all at once.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn nodes_seen(&self, acks: &[NodeAck]) -> Result<()> {
        if acks.is_empty() {
            return Ok(());
        }
        transact!(self, |txn| {
            txn.nodes_seen(acks).await?;
            ((), None::<Audit>)
        })?;
        Ok(())
    }

    /// Takes nodes out of the hands of replicas that are not among `alive`.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn nodes_orphaned(&self, alive: &[String]) -> Result<u64> {
        let (count, _) =
            transact!(self, |txn| { (txn.nodes_orphaned(alive).await?, None::<Audit>) })?;
        Ok(count)
    }

    /// The rows of all nodes by name.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn node_rows(&self) -> Result<Vec<NodeRow>> {
        let mut txn = self.store().read().await?;
        Ok(txn.node_list().await?)
    }

    /// All nodes and where each stands.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn fleet_view(&self) -> Result<FleetView> {
        let mut txn = self.store().read().await?;
        let revision = txn.log_position().await?.revision;
        let rows = txn.node_list().await?;
        let mut unserved = BTreeMap::<NodeId, Vec<UnservedRow>>::new();
        for row in txn.receipts_unserved(UNSERVED_TOLD).await? {
            unserved.entry(row.node.clone()).or_default().push(row);
        }
        let live: BTreeMap<NodeId, LiveNode> =
            self.fleet().live_nodes().into_iter().map(|node| (node.id.clone(), node)).collect();
        let nodes = rows
            .into_iter()
            .map(|row| {
                let (live, unserved) = (live.get(&row.id), unserved.remove(&row.id));
                let unserved = unserved.unwrap_or_default();
                NodeView { unserved, ..self.node_view_of(row, live, revision) }
            })
            .collect();
        Ok(FleetView { revision, nodes })
    }

    /// One node.
    ///
    /// # Errors
    /// When it is unknown.
    pub async fn node_view(&self, id: &NodeId) -> Result<NodeView> {
        let fleet = self.fleet_view().await?;
        fleet.nodes.into_iter().find(|node| node.id == *id).found(Kind::Node, id)
    }

    fn node_view_of(&self, row: NodeRow, live: Option<&LiveNode>, now: Revision) -> NodeView {
        let silent_ms = (self.now() - row.last_seen).whole_milliseconds().max(0) as u64;
        let acked = live.map_or(row.acked, |live| live.acked.max(row.acked));
        let last_seen_ms_ago = live.map_or(silent_ms, |live| live.last_seen_ms_ago);
        let behind = acked < now;
        let lag_ms = match live {
            Some(live) => live.lag_ms,
            None if behind => silent_ms,
            None => 0,
        };
        NodeView {
            id: row.id,
            slot: row.slot,
            cordoned: row.cordoned,
            draining: live.map_or(row.draining, |live| live.draining),
            connected: live.is_some() || row.replica.is_some(),
            replica: row.replica,
            labels: row.labels,
            build: row.build,
            acked,
            last_seen_ms_ago,
            lag_ms,
            traffic_address: row.traffic_address,
            metrics_address: row.metrics_address,
            unserved: Vec::new(),
        }
    }

    /// Takes a node out of the vote, or back in.
    ///
    /// # Errors
    /// When it is unknown.
    pub async fn node_cordon(
        &self,
        caller: &Caller,
        id: &NodeId,
        cordoned: bool,
    ) -> Result<NodeView> {
        let ((), revision) = transact!(self, |txn| {
            if !txn.node_cordon(id, cordoned).await? {
                Err(Error::not_found(Kind::Node, id.as_str()))?;
            }
            let operation = if cordoned { "CordonNode" } else { "UncordonNode" };
            ((), Some(caller.audit(operation, format!("nodes/{id}"))))
        })?;
        if let Some(revision) = revision {
            self.fleet().world_changed(revision);
        }
        self.node_view(id).await
    }
}

/// Whether two nodes chose one slot, and this one should try the next; not for
/// ever.
fn lost_a_slot<T>(outcome: &Result<T>, tries: &mut u32) -> bool {
    let Err(Error::Internal(source)) = outcome else { return false };
    *tries += 1;
    *tries <= SLOT_TRIES
        && matches!(
            source.downcast_ref::<gw_store::Error>(),
            Some(gw_store::Error::Taken { constraint }) if constraint == "nodes_slot_key"
        )
}
