//! Rows of nodes and of the tokens by which they join.

use std::collections::BTreeMap;

use gw_model::{NodeId, ResourceName, Revision};
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::{Error, Txn, change::revision};

/// A node of the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    /// Its name.
    pub id: NodeId,
    /// Its small number, unique in the fleet.
    pub slot: u32,
    /// Set when it joined.
    pub labels: BTreeMap<String, String>,
    /// Out of the vote by an operator.
    pub cordoned: bool,
    /// Takes no new traffic.
    pub draining: bool,
    /// The build that it runs.
    pub build: String,
    /// Where clients reach it.
    pub traffic_address: String,
    /// Where its metrics are.
    pub metrics_address: String,
    /// Changes at each of its starts.
    pub boot_epoch: u64,
    /// The replica that holds its stream.
    pub replica: Option<String>,
    /// When it was last heard of.
    pub last_seen: OffsetDateTime,
    /// The revision that it acknowledged last.
    pub acked: Revision,
}

/// What every reading of the log asks of each node: little, for there may be
/// thousands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeStanding {
    /// Its name.
    pub id: NodeId,
    /// Out of the vote by an operator.
    pub cordoned: bool,
    /// The replica that holds its stream.
    pub replica: Option<String>,
    /// When it was last heard of.
    pub last_seen: OffsetDateTime,
}

/// A node that joins.
#[derive(Debug, Clone)]
pub struct NewNode<'a> {
    /// Its name.
    pub id: &'a NodeId,
    /// Its labels.
    pub labels: &'a BTreeMap<String, String>,
}

/// What a node says of itself as it connects.
#[derive(Debug, Clone)]
pub struct NodeHello {
    /// Its name.
    pub id: NodeId,
    /// The replica that holds its stream now.
    pub replica: String,
    /// The build that it runs.
    pub build: String,
    /// Where clients reach it.
    pub traffic_address: String,
    /// Where its metrics are.
    pub metrics_address: String,
    /// Changes at each of its starts.
    pub boot_epoch: u64,
}

/// A node's newest sign of life.
#[derive(Debug, Clone)]
pub struct NodeAck {
    /// Its name.
    pub id: NodeId,
    /// The replica that holds its stream; a sign of life from a replica that
    /// lost the node is ignored.
    pub replica: String,
    /// The revision that it acknowledged last.
    pub acked: Revision,
    /// When it was heard of.
    pub at: OffsetDateTime,
    /// Takes no new traffic.
    pub draining: bool,
}

/// A join token that somebody may still use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinTokenRow {
    /// Labels for nodes that use it.
    pub labels: BTreeMap<String, String>,
    /// When it expires.
    pub expires_at: OffsetDateTime,
}

macro_rules! node_row {
    ($row:expr) => {{
        let row = $row;
        NodeRow {
            id: row.id.into(),
            slot: row.slot as u32,
            labels: row.labels.0,
            cordoned: row.cordoned,
            draining: row.draining,
            build: row.build,
            traffic_address: row.traffic_address,
            metrics_address: row.metrics_address,
            boot_epoch: row.boot_epoch as u64,
            replica: row.replica,
            last_seen: row.last_seen,
            acked: revision(row.acked_epoch, row.acked_number),
        }
    }};
}

impl Txn {
    pub(crate) fn node_noticed(&mut self, id: &NodeId) {
        self.notices.nodes.push(id.to_string());
        self.notices.names.insert(ResourceName::Node(id.clone()).to_string());
    }

    /// Every node by name.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn node_list(&mut self) -> Result<Vec<NodeRow>, Error> {
        let rows = sqlx::query!(
            r#"SELECT id, slot, labels AS "labels: Json<BTreeMap<String, String>>", cordoned,
                      draining, build, traffic_address, metrics_address, boot_epoch, replica,
                      last_seen, acked_epoch, acked_number
                 FROM nodes ORDER BY id"#,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(rows.into_iter().map(|row| node_row!(row)).collect())
    }

    /// Where every node stands, by name.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn node_standings(&mut self) -> Result<Vec<NodeStanding>, Error> {
        let rows = sqlx::query!("SELECT id, cordoned, replica, last_seen FROM nodes ORDER BY id")
            .fetch_all(self.conn())
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| NodeStanding {
                id: row.id.into(),
                cordoned: row.cordoned,
                replica: row.replica,
                last_seen: row.last_seen,
            })
            .collect())
    }

    /// Reads a node and keeps other writers of it out until the transaction ends.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn node_lock(&mut self, id: &NodeId) -> Result<Option<NodeRow>, Error> {
        let row = sqlx::query!(
            r#"SELECT id, slot, labels AS "labels: Json<BTreeMap<String, String>>", cordoned,
                      draining, build, traffic_address, metrics_address, boot_epoch, replica,
                      last_seen, acked_epoch, acked_number
                 FROM nodes WHERE id = $1 FOR UPDATE"#,
            id.as_str(),
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(|row| node_row!(row)))
    }

    /// Inserts a node at the lowest free slot; a node of that name keeps its
    /// slot and takes the new labels.
    ///
    /// # Errors
    /// When two nodes join at once ([`Error::Taken`]: try again), or the
    /// database is gone.
    pub async fn node_put(&mut self, new: NewNode<'_>) -> Result<u32, Error> {
        let slot = sqlx::query_scalar!(
            "INSERT INTO nodes (id, slot, labels)
             SELECT $1, (SELECT min(free.slot) FROM (
                      SELECT 0 AS slot UNION ALL SELECT slot + 1 FROM nodes
                    ) free WHERE NOT EXISTS (SELECT 1 FROM nodes n WHERE n.slot = free.slot)), $2
             ON CONFLICT ON CONSTRAINT nodes_pkey DO UPDATE SET labels = excluded.labels
             RETURNING slot",
            new.id.as_str(),
            Json(new.labels) as _,
        )
        .fetch_one(self.conn())
        .await?;
        self.node_noticed(new.id);
        Ok(slot as u32)
    }

    /// Notes that a node holds a stream to a replica; its slot, or `None` for
    /// a node that is not of the fleet. One that was forgotten is of it again.
    /// Other nodes notice where it moved or restarted.
    ///
    /// # Errors
    /// When two nodes take one slot at once ([`Error::Taken`]: try again), or
    /// the database is gone.
    pub async fn node_connect(&mut self, hello: &NodeHello) -> Result<Option<u32>, Error> {
        let mut before = self.node_lock(&hello.id).await?;
        if before.is_none() && self.node_recall(&hello.id).await? {
            before = self.node_lock(&hello.id).await?;
        }
        let Some(before) = before else { return Ok(None) };
        sqlx::query!(
            "UPDATE nodes SET replica = $2, build = $3, traffic_address = $4, metrics_address = $5,
                    boot_epoch = $6, last_seen = clock_timestamp(), draining = false
              WHERE id = $1",
            hello.id.as_str(),
            hello.replica,
            hello.build,
            hello.traffic_address,
            hello.metrics_address,
            hello.boot_epoch as i64,
        )
        .execute(self.conn())
        .await?;
        if (before.boot_epoch, &before.traffic_address)
            != (hello.boot_epoch, &hello.traffic_address)
        {
            self.node_noticed(&hello.id);
        }
        Ok(Some(before.slot))
    }

    /// Notes that a node's stream to a replica ended, unless another replica
    /// holds one by now.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn node_disconnect(&mut self, id: &NodeId, replica: &str) -> Result<(), Error> {
        sqlx::query!(
            "UPDATE nodes SET replica = NULL WHERE id = $1 AND replica = $2",
            id.as_str(),
            replica
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Notes signs of life, all in one statement. A node's acknowledged
    /// revision never goes backwards.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn nodes_seen(&mut self, acks: &[NodeAck]) -> Result<(), Error> {
        let ids: Vec<String> = acks.iter().map(|ack| ack.id.to_string()).collect();
        let replicas: Vec<String> = acks.iter().map(|ack| ack.replica.clone()).collect();
        let epochs: Vec<i64> = acks.iter().map(|ack| ack.acked.epoch.0 as i64).collect();
        let numbers: Vec<i64> = acks.iter().map(|ack| ack.acked.number as i64).collect();
        let times: Vec<OffsetDateTime> = acks.iter().map(|ack| ack.at).collect();
        let draining: Vec<bool> = acks.iter().map(|ack| ack.draining).collect();
        sqlx::query!(
            "WITH seen AS (
               SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[],
                                    $5::timestamptz[], $6::boolean[])
                          AS t (id, replica, epoch, number, at, draining)
             ), locked AS (
               SELECT n.id FROM nodes n JOIN seen USING (id) ORDER BY n.id FOR NO KEY UPDATE OF n
             )
             UPDATE nodes n
                SET last_seen = greatest(n.last_seen, seen.at), draining = seen.draining,
                    (acked_epoch, acked_number) =
                    (SELECT CASE WHEN ahead THEN seen.epoch ELSE n.acked_epoch END,
                            CASE WHEN ahead THEN seen.number ELSE n.acked_number END
                       FROM (SELECT (seen.epoch, seen.number) > (n.acked_epoch, n.acked_number)
                                    AS ahead) c)
               FROM seen, locked
              WHERE n.id = seen.id AND locked.id = n.id AND n.replica = seen.replica",
            &ids,
            &replicas,
            &epochs,
            &numbers,
            &times,
            &draining,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Takes nodes whose replica is not among `alive` out of its hands.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn nodes_orphaned(&mut self, alive: &[String]) -> Result<u64, Error> {
        let done = sqlx::query!(
            "UPDATE nodes SET replica = NULL
              WHERE replica IS NOT NULL AND replica <> ALL ($1::text[])",
            alive
        )
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected())
    }

    /// Takes a node out of the vote or back in; false if there is none.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn node_cordon(&mut self, id: &NodeId, cordoned: bool) -> Result<bool, Error> {
        let done =
            sqlx::query!("UPDATE nodes SET cordoned = $2 WHERE id = $1", id.as_str(), cordoned)
                .execute(self.conn())
                .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        self.node_noticed(id);
        Ok(true)
    }

    /// Stores a join token under the hash of its secret.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn join_token_insert(
        &mut self,
        hash: &[u8],
        uses: i32,
        expires_at: OffsetDateTime,
        labels: &BTreeMap<String, String>,
        created_by: &str,
    ) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO join_tokens (hash, uses_left, expires_at, labels, created_by)
             VALUES ($1, $2, $3, $4, $5)",
            hash,
            uses,
            expires_at,
            Json(labels) as _,
            created_by,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Uses a join token once; `None` if it is unknown, used up or expired.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn join_token_use(
        &mut self,
        hash: &[u8],
        now: OffsetDateTime,
    ) -> Result<Option<JoinTokenRow>, Error> {
        let row = sqlx::query!(
            r#"UPDATE join_tokens SET uses_left = uses_left - 1
                WHERE hash = $1 AND uses_left > 0 AND expires_at > $2
               RETURNING labels AS "labels: Json<BTreeMap<String, String>>", expires_at"#,
            hash,
            now,
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(|row| JoinTokenRow { labels: row.labels.0, expires_at: row.expires_at }))
    }

    /// Whether a join token could be used now.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn join_token_usable(
        &mut self,
        hash: &[u8],
        now: OffsetDateTime,
    ) -> Result<bool, Error> {
        Ok(sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM join_tokens
                WHERE hash = $1 AND uses_left > 0 AND expires_at > $2) AS "usable!""#,
            hash,
            now,
        )
        .fetch_one(self.conn())
        .await?)
    }
}
