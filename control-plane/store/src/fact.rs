//! Rows of facts: what nodes hold beside stages.

use gw_model::{FactName, NodeId, ResourceName, Revision};

use crate::{Error, Txn};

/// A fact as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactRow {
    /// Its name.
    pub name: FactName,
    /// Its content, perhaps sealed.
    pub content: Vec<u8>,
    /// Whether the content is sealed with the master key.
    pub sealed: bool,
    /// The revision number at which it last changed.
    pub version: u64,
}

macro_rules! fact_rows {
    ($rows:expr) => {
        $rows
            .into_iter()
            .filter_map(|row| {
                Some(FactRow {
                    // A kind that a newer replica writes is nothing to this one.
                    name: row.name.parse().ok()?,
                    content: row.content,
                    sealed: row.sealed,
                    version: row.version as u64,
                })
            })
            .collect()
    };
}

impl Txn {
    fn fact_noticed(&mut self, name: &FactName) {
        self.notices.facts.insert(name.to_string());
        self.notices.names.insert(ResourceName::Fact(name.clone()).to_string());
    }

    /// Writes a fact; tells whether that changed anything. What nodes hold
    /// already takes no revision.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn fact_put(
        &mut self,
        name: &FactName,
        content: &[u8],
        sealed: bool,
    ) -> Result<bool, Error> {
        let done = sqlx::query!(
            "INSERT INTO facts (name, content, sealed) VALUES ($1, $2, $3)
             ON CONFLICT ON CONSTRAINT facts_pkey
             DO UPDATE SET content = excluded.content, sealed = excluded.sealed
              WHERE (facts.content, facts.sealed)
                    IS DISTINCT FROM (excluded.content, excluded.sealed)",
            name.to_string(),
            content,
            sealed,
        )
        .execute(self.conn())
        .await?;
        let changed = done.rows_affected() > 0;
        if changed {
            self.fact_noticed(name);
        }
        Ok(changed)
    }

    /// Writes many facts and removes others, in one statement each; none of
    /// them sealed.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn facts_change(
        &mut self,
        puts: &[(FactName, Vec<u8>)],
        gone: &[FactName],
    ) -> Result<(), Error> {
        let (names, contents): (Vec<String>, Vec<Vec<u8>>) =
            puts.iter().map(|(name, content)| (name.to_string(), content.clone())).unzip();
        if !names.is_empty() {
            let changed = sqlx::query_scalar!(
                "INSERT INTO facts (name, content, sealed)
                 SELECT name, content, false FROM unnest($1::text[], $2::bytea[]) AS t (name, content)
                 ON CONFLICT ON CONSTRAINT facts_pkey
                 DO UPDATE SET content = excluded.content, sealed = false
                  WHERE facts.content IS DISTINCT FROM excluded.content OR facts.sealed
                 RETURNING name",
                &names,
                &contents,
            )
            .fetch_all(self.conn())
            .await?;
            self.notices.names.extend(changed.iter().cloned());
            self.notices.facts.extend(changed);
        }
        let names: Vec<String> = gone.iter().map(|name| name.to_string()).collect();
        if !names.is_empty() {
            let removed = sqlx::query_scalar!(
                "DELETE FROM facts WHERE name = ANY ($1) RETURNING name",
                &names,
            )
            .fetch_all(self.conn())
            .await?;
            for name in &removed {
                self.notices.facts.remove(name);
            }
            self.notices.names.extend(removed);
        }
        Ok(())
    }

    /// Removes a fact; tells whether it was there.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn fact_delete(&mut self, name: &FactName) -> Result<bool, Error> {
        let done = sqlx::query!("DELETE FROM facts WHERE name = $1", name.to_string())
            .execute(self.conn())
            .await?;
        let gone = done.rows_affected() > 0;
        if gone {
            self.notices.facts.remove(&name.to_string());
            self.notices.names.insert(ResourceName::Fact(name.clone()).to_string());
        }
        Ok(gone)
    }

    /// Reads one fact.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn fact_fetch(&mut self, name: &FactName) -> Result<Option<FactRow>, Error> {
        let facts = self.facts_of(Some(vec![name.to_string()])).await?;
        Ok(facts.into_iter().next())
    }

    /// Whether a node that some replica holds a stream of has not acknowledged
    /// a revision yet, as far as the rows tell; `except` are not asked.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn nodes_behind(
        &mut self,
        revision: Revision,
        except: &[NodeId],
    ) -> Result<bool, Error> {
        let except: Vec<String> = except.iter().map(|node| node.to_string()).collect();
        let behind = sqlx::query_scalar!(
            r#"SELECT EXISTS (
                 SELECT 1 FROM nodes
                  WHERE replica IS NOT NULL AND NOT id = ANY ($1)
                    AND last_seen > clock_timestamp() - interval '5 seconds'
                    AND (acked_epoch, acked_number) < ($2, $3)
               ) AS "behind!""#,
            &except,
            revision.epoch.0 as i64,
            revision.number as i64,
        )
        .fetch_one(self.conn())
        .await?;
        Ok(behind)
    }

    /// Reads the facts of these names, or all of them.
    pub(crate) async fn facts_of(
        &mut self,
        only: Option<Vec<String>>,
    ) -> Result<Vec<FactRow>, Error> {
        // Two statements, so that each has a plan of its own: there may be a
        // million rows, and seldom more than one is asked for.
        let Some(only) = only else {
            let rows = sqlx::query!("SELECT name, content, sealed, version FROM facts")
                .fetch_all(self.conn())
                .await?;
            return Ok(fact_rows!(rows));
        };
        if only.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query!(
            "SELECT name, content, sealed, version FROM facts WHERE name = ANY ($1)",
            &only,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(fact_rows!(rows))
    }
}
