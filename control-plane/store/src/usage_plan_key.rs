//! Which keys are in which usage plans.

use gw_model::{ApiId, Scope, StageName, fact::KeyHash};

use crate::{Error, Txn, api_key::key_hash};

/// A key that would be in two plans with one stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanConflict {
    /// The key.
    pub key: String,
    /// The API.
    pub api: ApiId,
    /// Its stage.
    pub stage: StageName,
}

/// A key as nodes have to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedKey {
    /// Its id.
    pub id: String,
    /// The keyed hash of its value.
    pub hash: KeyHash,
    /// Whether requests may use it.
    pub enabled: bool,
    /// The plans that it is in, by id.
    pub plans: Vec<String>,
}

impl Txn {
    /// Puts a key into a plan; false if it is there already.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn usage_plan_key_insert(
        &mut self,
        scope: &Scope,
        plan: &str,
        key: &str,
    ) -> Result<bool, Error> {
        let done = sqlx::query!(
            "INSERT INTO usage_plan_keys (account, region, plan_id, key_id)
             VALUES ($1, $2, $3, $4) ON CONFLICT ON CONSTRAINT usage_plan_keys_pkey DO NOTHING",
            scope.account.as_str(),
            scope.region.as_str(),
            plan,
            key,
        )
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Takes a key out of a plan; tells whether it was there.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn usage_plan_key_delete(
        &mut self,
        scope: &Scope,
        plan: &str,
        key: &str,
    ) -> Result<bool, Error> {
        let done = sqlx::query!(
            "DELETE FROM usage_plan_keys
              WHERE account = $1 AND region = $2 AND plan_id = $3 AND key_id = $4",
            scope.account.as_str(),
            scope.region.as_str(),
            plan,
            key,
        )
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// The plans that a key is in, by id.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn plans_of_key(&mut self, scope: &Scope, key: &str) -> Result<Vec<String>, Error> {
        Ok(sqlx::query_scalar!(
            "SELECT plan_id FROM usage_plan_keys
              WHERE account = $1 AND region = $2 AND key_id = $3 ORDER BY plan_id",
            scope.account.as_str(),
            scope.region.as_str(),
            key,
        )
        .fetch_all(self.conn())
        .await?)
    }

    /// Keys with all their plans: those of these ids.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn planned_keys(
        &mut self,
        scope: &Scope,
        ids: &[String],
    ) -> Result<Vec<PlannedKey>, Error> {
        let rows = sqlx::query!(
            r#"SELECT k.id, k.value_hash,
                      coalesce((k.definition->>'enabled')::boolean, false) AS "enabled!",
                      coalesce(array_agg(p.plan_id ORDER BY p.plan_id)
                               FILTER (WHERE p.plan_id IS NOT NULL), '{}') AS "plans!"
                 FROM api_keys k LEFT JOIN usage_plan_keys p
                   ON p.account = k.account AND p.region = k.region AND p.key_id = k.id
                WHERE k.account = $1 AND k.region = $2 AND k.id = ANY ($3)
                GROUP BY k.account, k.region, k.id"#,
            scope.account.as_str(),
            scope.region.as_str(),
            ids,
        )
        .fetch_all(self.conn())
        .await?;
        let key = |(id, hash, enabled, plans): (String, Vec<u8>, bool, Vec<String>)| {
            Ok(PlannedKey { id, hash: key_hash(&hash)?, enabled, plans })
        };
        rows.into_iter().map(|row| key((row.id, row.value_hash, row.enabled, row.plans))).collect()
    }

    /// The ids of a plan's keys, each locked against other writers.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn keys_of_plan_lock(
        &mut self,
        scope: &Scope,
        plan: &str,
    ) -> Result<Vec<String>, Error> {
        Ok(sqlx::query_scalar!(
            "SELECT k.id FROM api_keys k JOIN usage_plan_keys p
                 ON p.account = k.account AND p.region = k.region AND p.key_id = k.id
              WHERE p.account = $1 AND p.region = $2 AND p.plan_id = $3
              ORDER BY k.id FOR NO KEY UPDATE OF k",
            scope.account.as_str(),
            scope.region.as_str(),
            plan,
        )
        .fetch_all(self.conn())
        .await?)
    }

    /// A key of a plan (or the one given) that is in another plan with one of
    /// the same stages.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn plan_conflict(
        &mut self,
        scope: &Scope,
        plan: &str,
        key: Option<&str>,
    ) -> Result<Option<PlanConflict>, Error> {
        let row = sqlx::query!(
            "SELECT k.key_id, mine.api_id, mine.stage
               FROM usage_plan_stages mine
               JOIN usage_plan_stages theirs
                 ON theirs.api_id = mine.api_id AND theirs.stage = mine.stage
                AND theirs.account = mine.account AND theirs.region = mine.region
                AND theirs.plan_id <> mine.plan_id
               JOIN usage_plan_keys k
                 ON k.account = mine.account AND k.region = mine.region
                AND k.plan_id = mine.plan_id
               JOIN usage_plan_keys other
                 ON other.account = theirs.account AND other.region = theirs.region
                AND other.plan_id = theirs.plan_id AND other.key_id = k.key_id
              WHERE mine.account = $1 AND mine.region = $2 AND mine.plan_id = $3
                AND ($4::text IS NULL OR k.key_id = $4)
              ORDER BY k.key_id, mine.api_id, mine.stage LIMIT 1",
            scope.account.as_str(),
            scope.region.as_str(),
            plan,
            key,
        )
        .fetch_optional(self.conn())
        .await?;
        Ok(row.map(|row| PlanConflict {
            key: row.key_id,
            api: row.api_id.into(),
            stage: row.stage.into(),
        }))
    }
}
