//! Nodes that were forgotten, and that may come back.

use std::collections::BTreeMap;

use gw_model::NodeId;
use sqlx::types::Json;

use crate::{Error, NewNode, Txn};

impl Txn {
    /// Takes a node off the list of nodes, and what it said of releases with
    /// it: nobody waits for its word any more. Its row must be locked.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn node_forget(&mut self, id: &NodeId) -> Result<(), Error> {
        sqlx::query!(
            "WITH gone AS (
               DELETE FROM nodes WHERE id = $1 RETURNING id, labels, cordoned
             ), said AS (
               DELETE FROM receipts WHERE node_id = $1
             )
             INSERT INTO former_nodes (id, labels, cordoned) SELECT id, labels, cordoned FROM gone
             ON CONFLICT ON CONSTRAINT former_nodes_pkey DO UPDATE
                SET labels = excluded.labels, cordoned = excluded.cordoned,
                    forgotten_at = excluded.forgotten_at",
            id.as_str(),
        )
        .execute(self.conn())
        .await?;
        self.node_noticed(id);
        Ok(())
    }

    /// Puts a node that was forgotten back on the list, perhaps at another
    /// slot; false if none of that name was.
    ///
    /// # Errors
    /// When two nodes take one slot at once ([`Error::Taken`]: try again), or
    /// the database is gone.
    pub(crate) async fn node_recall(&mut self, id: &NodeId) -> Result<bool, Error> {
        let row = sqlx::query!(
            r#"DELETE FROM former_nodes WHERE id = $1
               RETURNING labels AS "labels: Json<BTreeMap<String, String>>", cordoned"#,
            id.as_str(),
        )
        .fetch_optional(self.conn())
        .await?;
        let Some(row) = row else { return Ok(false) };
        self.node_put(NewNode { id, labels: &row.labels.0 }).await?;
        if row.cordoned {
            self.node_cordon(id, true).await?;
        }
        Ok(true)
    }
}
