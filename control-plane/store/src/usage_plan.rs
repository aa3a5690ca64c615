//! Rows of usage plans and of their stages.

use std::collections::BTreeMap;

use gw_model::{ApiId, PlanStage, PlanThrottle, Scope, StageName, UsagePlan};
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::{Error, Txn, scoped::scope_count};

/// A usage plan.
#[derive(Debug, Clone, PartialEq)]
pub struct UsagePlanRow {
    /// Its id.
    pub id: String,
    /// What is declared of it, its stages in the order of their adding.
    pub definition: UsagePlan,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

type Tags = BTreeMap<String, String>;
type Rates = BTreeMap<String, PlanThrottle>;

macro_rules! plan_row {
    ($row:expr) => {{
        let row = $row;
        UsagePlanRow { id: row.id, definition: row.definition.0, tags: row.tags.0 }
    }};
}

/// A query of plans: all their columns, and what the caller says of the rows.
macro_rules! plans {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query!(
            r#"SELECT id, definition AS "definition: Json<UsagePlan>", tags AS "tags: Json<Tags>"
                 FROM usage_plans "# + $rest,
            $($argument),*
        )
    };
}

fn bare(plan: &UsagePlan) -> UsagePlan {
    UsagePlan { api_stages: Vec::new(), ..plan.clone() }
}

impl Txn {
    /// Inserts a plan without stages.
    ///
    /// # Errors
    /// When the id is taken or the database is gone.
    pub async fn usage_plan_insert(
        &mut self,
        scope: &Scope,
        row: &UsagePlanRow,
        at: OffsetDateTime,
    ) -> Result<(), Error> {
        sqlx::query!(
            "INSERT INTO usage_plans (account, region, id, definition, tags, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            scope.account.as_str(),
            scope.region.as_str(),
            row.id,
            Json(bare(&row.definition)) as _,
            Json(&row.tags) as _,
            at,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Reads a plan with its stages.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn usage_plan_fetch(
        &mut self,
        scope: &Scope,
        id: &str,
    ) -> Result<Option<UsagePlanRow>, Error> {
        let row = plans!(
            "WHERE account = $1 AND region = $2 AND id = $3",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
        )
        .fetch_optional(self.conn())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let mut rows = vec![plan_row!(row)];
        self.usage_plan_stages(scope, &mut rows).await?;
        Ok(rows.pop())
    }

    /// Reads a plan and keeps every other writer of it, of its stages and of
    /// its keys out until the transaction ends.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn usage_plan_lock(
        &mut self,
        scope: &Scope,
        id: &str,
    ) -> Result<Option<UsagePlanRow>, Error> {
        let ids = [id.to_owned()];
        Ok(self.usage_plans_lock(scope, &ids).await?.pop())
    }

    /// The same for several, in an order that all writers share.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn usage_plans_lock(
        &mut self,
        scope: &Scope,
        ids: &[String],
    ) -> Result<Vec<UsagePlanRow>, Error> {
        // Locked first and read after: what was read by the locking statement
        // could be from before a writer that we waited for.
        let locked = sqlx::query_scalar!(
            "SELECT id FROM usage_plans
              WHERE account = $1 AND region = $2 AND id = ANY ($3) ORDER BY id FOR NO KEY UPDATE",
            scope.account.as_str(),
            scope.region.as_str(),
            ids,
        )
        .fetch_all(self.conn())
        .await?;
        if locked.is_empty() {
            return Ok(Vec::new());
        }
        let rows = plans!(
            "WHERE account = $1 AND region = $2 AND id = ANY ($3)
                ORDER BY id",
            scope.account.as_str(),
            scope.region.as_str(),
            &locked,
        )
        .fetch_all(self.conn())
        .await?;
        let mut rows: Vec<_> = rows.into_iter().map(|row| plan_row!(row)).collect();
        self.usage_plan_stages(scope, &mut rows).await?;
        Ok(rows)
    }

    /// Lists a scope's plans by id, after `after`; those of a key, or all.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn usage_plan_list(
        &mut self,
        scope: &Scope,
        key: Option<&str>,
        after: &str,
        limit: i64,
    ) -> Result<Vec<UsagePlanRow>, Error> {
        let rows = plans!(
            "u WHERE account = $1 AND region = $2 AND id > $3
                  AND ($4::text IS NULL OR EXISTS (
                        SELECT 1 FROM usage_plan_keys k
                         WHERE k.account = u.account AND k.region = u.region
                           AND k.plan_id = u.id AND k.key_id = $4))
                ORDER BY id LIMIT $5",
            scope.account.as_str(),
            scope.region.as_str(),
            after,
            key,
            limit,
        )
        .fetch_all(self.conn())
        .await?;
        let mut rows: Vec<_> = rows.into_iter().map(|row| plan_row!(row)).collect();
        self.usage_plan_stages(scope, &mut rows).await?;
        Ok(rows)
    }

    scope_count!(usage_plan_count, "usage_plans", "plans");

    /// Puts their stages into plans.
    async fn usage_plan_stages(
        &mut self,
        scope: &Scope,
        plans: &mut [UsagePlanRow],
    ) -> Result<(), Error> {
        let ids: Vec<String> = plans.iter().map(|plan| plan.id.clone()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let rows = sqlx::query!(
            r#"SELECT plan_id, api_id, stage, throttle AS "throttle: Json<Rates>"
                 FROM usage_plan_stages
                WHERE account = $1 AND region = $2 AND plan_id = ANY ($3) ORDER BY position"#,
            scope.account.as_str(),
            scope.region.as_str(),
            &ids,
        )
        .fetch_all(self.conn())
        .await?;
        for row in rows {
            if let Some(plan) = plans.iter_mut().find(|plan| plan.id == row.plan_id) {
                plan.definition.api_stages.push(PlanStage {
                    api: row.api_id.into(),
                    stage: row.stage.into(),
                    throttle: row.throttle.0,
                });
            }
        }
        Ok(())
    }

    /// Writes what is declared of a plan but for its stages.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn usage_plan_update(
        &mut self,
        scope: &Scope,
        id: &str,
        definition: &UsagePlan,
    ) -> Result<(), Error> {
        sqlx::query!(
            "UPDATE usage_plans SET definition = $4
              WHERE account = $1 AND region = $2 AND id = $3",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
            Json(bare(definition)) as _,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Puts a stage into a plan, or changes its rates there; false if the
    /// scope has no such stage. Until the transaction ends no other plan takes
    /// the stage in.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn usage_plan_stage_put(
        &mut self,
        scope: &Scope,
        id: &str,
        stage: &PlanStage,
    ) -> Result<bool, Error> {
        let known = sqlx::query_scalar!(
            "SELECT s.id FROM stages s JOIN rest_apis a ON a.id = s.api_id
              WHERE s.api_id = $3 AND s.name = $4 AND a.account = $1 AND a.region = $2
                FOR NO KEY UPDATE OF s",
            scope.account.as_str(),
            scope.region.as_str(),
            stage.api.as_str(),
            stage.stage.as_str(),
        )
        .fetch_optional(self.conn())
        .await?;
        if known.is_none() {
            return Ok(false);
        }
        sqlx::query!(
            "INSERT INTO usage_plan_stages (account, region, plan_id, api_id, stage, throttle)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT ON CONSTRAINT usage_plan_stages_pkey
             DO UPDATE SET throttle = excluded.throttle",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
            stage.api.as_str(),
            stage.stage.as_str(),
            Json(&stage.throttle) as _,
        )
        .execute(self.conn())
        .await?;
        Ok(true)
    }

    /// Takes a stage out of a plan.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn usage_plan_stage_remove(
        &mut self,
        scope: &Scope,
        id: &str,
        api: &ApiId,
        stage: &StageName,
    ) -> Result<(), Error> {
        sqlx::query!(
            "DELETE FROM usage_plan_stages
              WHERE account = $1 AND region = $2 AND plan_id = $3 AND api_id = $4 AND stage = $5",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
            api.as_str(),
            stage.as_str(),
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// The plans that have a stage, or any stage of an API. Who deletes locks
    /// them before the stages, in the order that changes of plans have.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn usage_plans_with(
        &mut self,
        api: &ApiId,
        stage: Option<&StageName>,
    ) -> Result<Vec<String>, Error> {
        Ok(sqlx::query_scalar!(
            r#"SELECT DISTINCT plan_id AS "plan_id!" FROM usage_plan_stages
                WHERE api_id = $1 AND ($2::text IS NULL OR stage = $2) ORDER BY 1"#,
            api.as_str(),
            stage.map(StageName::as_str),
        )
        .fetch_all(self.conn())
        .await?)
    }

    /// Takes a stage, or all stages of an API, out of every plan, before it is
    /// deleted; the plans that had it. None takes it in again before the
    /// transaction ends.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn usage_plans_without(
        &mut self,
        api: &ApiId,
        stage: Option<&StageName>,
    ) -> Result<Vec<String>, Error> {
        let stage = stage.map(StageName::as_str);
        sqlx::query!(
            "SELECT id FROM stages
              WHERE api_id = $1 AND ($2::text IS NULL OR name = $2) ORDER BY name FOR UPDATE",
            api.as_str(),
            stage,
        )
        .fetch_all(self.conn())
        .await?;
        Ok(sqlx::query_scalar!(
            r#"WITH gone AS (
                 DELETE FROM usage_plan_stages
                  WHERE api_id = $1 AND ($2::text IS NULL OR stage = $2) RETURNING plan_id
               ) SELECT DISTINCT plan_id AS "plan_id!" FROM gone ORDER BY 1"#,
            api.as_str(),
            stage,
        )
        .fetch_all(self.conn())
        .await?)
    }

    /// Deletes a plan; its keys are in it no more.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn usage_plan_delete(&mut self, scope: &Scope, id: &str) -> Result<(), Error> {
        sqlx::query!(
            "DELETE FROM usage_plans WHERE account = $1 AND region = $2 AND id = $3",
            scope.account.as_str(),
            scope.region.as_str(),
            id,
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }
}
