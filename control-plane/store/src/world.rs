//! What nodes hold: every stage at its assigned release, and facts of nodes.

use std::collections::BTreeSet;

use gw_model::{
    AccountId, ApiId, NodeId, Region, ReleaseNumber, ResourceName, Revision, Scope, StageKey,
    StageName,
};

use crate::{Error, FactRow, PendingRow, Txn};

/// A stage as nodes hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldStage {
    /// The stage.
    pub key: StageKey,
    /// The node that this assignment is for; `None` means every node without
    /// one of its own.
    pub node: Option<NodeId>,
    /// The assigned release.
    pub number: ReleaseNumber,
    /// The revision number at which the assignment last changed.
    pub version: u64,
    /// The release's exact bytes.
    pub content: Vec<u8>,
}

/// Facts about one node that every node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFact {
    /// The node.
    pub node: NodeId,
    /// Its small number.
    pub slot: u32,
    /// Changes at each of its starts.
    pub boot_epoch: u64,
    /// Where clients and peers reach it.
    pub address: String,
    /// The revision number at which the facts last changed.
    pub version: u64,
}

/// The whole world at one revision.
#[derive(Debug, Clone, PartialEq)]
pub struct WorldRow {
    /// The revision that it stands for.
    pub revision: Revision,
    /// Every assignment.
    pub stages: Vec<WorldStage>,
    /// Every node.
    pub nodes: Vec<NodeFact>,
    /// Every other fact.
    pub facts: Vec<FactRow>,
    /// Every rollout under way.
    pub pending: Vec<PendingRow>,
}

/// What changed since a revision.
#[derive(Debug, Clone, PartialEq)]
pub enum WorldChanges {
    /// These parts; an unchanged assignment may be among them.
    Delta {
        /// The revision that they lead to.
        to: Revision,
        /// Assignments of stages that were touched, the new state of each.
        stages: Vec<WorldStage>,
        /// Nodes whose facts were touched.
        nodes: Vec<NodeFact>,
        /// Other facts that were touched.
        facts: Vec<FactRow>,
        /// Touched resources that are in no node's world now.
        removed: Vec<ResourceName>,
        /// Every rollout under way, touched or not.
        pending: Vec<PendingRow>,
    },
    /// Another epoch, or further back than the log: load the whole world.
    Resync,
}

macro_rules! world_stage {
    ($row:expr) => {{
        let row = $row;
        WorldStage {
            key: StageKey {
                scope: Scope {
                    account: AccountId::new(row.account),
                    region: Region::new(row.region),
                },
                api: ApiId::new(row.api_id),
                stage: StageName::new(row.name),
            },
            node: row.node_id.map(NodeId::new),
            number: ReleaseNumber(row.release as u64),
            version: row.version as u64,
            content: row.content.into_bytes(),
        }
    }};
}

impl Txn {
    /// Reads the whole world. The transaction must read one point in time.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn world_load(&mut self) -> Result<WorldRow, Error> {
        let revision = self.log_position().await?.revision;
        let rows = sqlx::query!(
            r#"SELECT a.account, a.region, s.api_id, s.name, g.node_id, g.release, g.version,
                      r.release::text AS "content!"
                 FROM assignments g JOIN stages s ON s.id = g.stage_id
                 JOIN rest_apis a ON a.id = s.api_id
                 JOIN releases r ON r.stage_id = g.stage_id AND r.number = g.release"#,
        )
        .fetch_all(self.conn())
        .await?;
        let stages = rows.into_iter().map(|row| world_stage!(row)).collect();
        let nodes = self.node_facts(None).await?;
        let facts = self.facts_of(None).await?;
        let pending = self.pending_list().await?;
        Ok(WorldRow { revision, stages, nodes, facts, pending })
    }

    /// Reads what changed after `from`. The transaction must read one point in
    /// time.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn world_changes(&mut self, from: Revision) -> Result<WorldChanges, Error> {
        let position = self.log_position().await?;
        let to = position.revision;
        if from.epoch != to.epoch || from.number > to.number || from.number < position.pruned {
            return Ok(WorldChanges::Resync);
        }
        let names = sqlx::query_scalar!(
            "SELECT DISTINCT resource_name FROM changes WHERE epoch = $1 AND number > $2",
            from.epoch.0 as i64,
            from.number as i64,
        )
        .fetch_all(self.conn())
        .await?;
        let (mut keys, mut nodes, mut named) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for name in names {
            match name.parse() {
                Ok(ResourceName::Stage(key)) => drop(keys.insert(key)),
                Ok(ResourceName::Node(node)) => drop(nodes.insert(node)),
                Ok(ResourceName::Fact(name)) => drop(named.insert(name)),
                // A kind that a newer replica writes is nothing to this one.
                Ok(ResourceName::Other(_)) | Err(_) => {}
            }
        }
        let stages = self.world_stages(&keys).await?;
        let nodes_wanted: Vec<String> = nodes.iter().map(|node| node.to_string()).collect();
        let of_nodes = self.node_facts(Some(nodes_wanted)).await?;
        let named_wanted: Vec<String> = named.iter().map(|name| name.to_string()).collect();
        let facts = self.facts_of(Some(named_wanted)).await?;
        let pending = self.pending_list().await?;
        for stage in &stages {
            keys.remove(&stage.key);
        }
        for fact in &of_nodes {
            nodes.remove(&fact.node);
        }
        for fact in &facts {
            named.remove(&fact.name);
        }
        let removed = keys
            .into_iter()
            .map(ResourceName::Stage)
            .chain(nodes.into_iter().map(ResourceName::Node))
            .chain(named.into_iter().map(ResourceName::Fact))
            .collect();
        Ok(WorldChanges::Delta { to, stages, nodes: of_nodes, facts, removed, pending })
    }

    async fn world_stages(&mut self, keys: &BTreeSet<StageKey>) -> Result<Vec<WorldStage>, Error> {
        let (apis, names): (Vec<String>, Vec<String>) =
            keys.iter().map(|key| (key.api.to_string(), key.stage.to_string())).unzip();
        if apis.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query!(
            r#"SELECT a.account, a.region, s.api_id, s.name, g.node_id, g.release, g.version,
                      r.release::text AS "content!"
                 FROM unnest($1::text[], $2::text[]) AS k (api_id, name)
                 JOIN stages s ON s.api_id = k.api_id AND s.name = k.name
                 JOIN rest_apis a ON a.id = s.api_id
                 JOIN assignments g ON g.stage_id = s.id
                 JOIN releases r ON r.stage_id = g.stage_id AND r.number = g.release"#,
            &apis,
            &names,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows.into_iter().map(|row| world_stage!(row)).collect())
    }

    async fn node_facts(&mut self, only: Option<Vec<String>>) -> Result<Vec<NodeFact>, Error> {
        if only.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Vec::new());
        }
        let rows = sqlx::query!(
            "SELECT id, slot, boot_epoch, traffic_address, version FROM nodes
              WHERE $1::text[] IS NULL OR id = ANY ($1)",
            only as _,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| NodeFact {
                node: row.id.into(),
                slot: row.slot as u32,
                boot_epoch: row.boot_epoch as u64,
                address: row.traffic_address,
                version: row.version as u64,
            })
            .collect())
    }
}
