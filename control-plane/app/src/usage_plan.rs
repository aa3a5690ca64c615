//! Usage plans: which stages their keys open. Rates and quotas are declared
//! and told to nodes with them.

use gw_model::{ApiId, FactName, PlanStage, Scope, StageName, UsagePlan, fact::UsagePlanFact};
use gw_store::{Txn, UsagePlanRow};

use crate::{
    App, Caller, Error, Page, PageRequest, Result,
    error::Kind,
    page::page,
    tags::{self, Tags},
    transact::{Found as _, transact},
};

/// A plan as callers see it.
#[derive(Debug, Clone, PartialEq)]
pub struct UsagePlanView {
    /// Its id.
    pub id: String,
    /// What is declared of it.
    pub definition: UsagePlan,
    /// Tags.
    pub tags: Tags,
}

pub(crate) fn place(id: &str) -> String {
    format!("usageplans/{id}")
}

fn view(row: UsagePlanRow) -> UsagePlanView {
    UsagePlanView { id: row.id, definition: row.definition, tags: row.tags }
}

fn no_stage(plan: &str, stage: &PlanStage) -> Error {
    let place =
        format!("{{api: {}, stage: {}}} specified for usageplan {plan}", stage.api, stage.stage);
    Error::not_found(Kind::PlanStage, place)
}

/// Makes a plan's stages what they shall be.
async fn change_stages(
    txn: &mut Txn,
    scope: &Scope,
    id: &str,
    before: &[PlanStage],
    after: &[PlanStage],
) -> Result<()> {
    let same = |a: &PlanStage, b: &PlanStage| (&a.api, &a.stage) == (&b.api, &b.stage);
    for stage in before.iter().filter(|stage| !after.iter().any(|other| same(other, stage))) {
        txn.usage_plan_stage_remove(scope, id, &stage.api, &stage.stage).await?;
    }
    for stage in after.iter().filter(|stage| !before.contains(stage)) {
        if !txn.usage_plan_stage_put(scope, id, stage).await? {
            return Err(no_stage(id, stage));
        }
    }
    check_no_conflict(txn, scope, id, None).await
}

/// A key may be in one plan only for each stage: which rate would count?
pub(crate) async fn check_no_conflict(
    txn: &mut Txn,
    scope: &Scope,
    plan: &str,
    key: Option<&str>,
) -> Result<()> {
    match txn.plan_conflict(scope, plan, key).await? {
        None => Ok(()),
        Some(conflict) => Err(Error::Conflict(format!(
            "API Key {} cannot reference multiple usage plans with the same API stage: {}:{}",
            conflict.key, conflict.api, conflict.stage
        ))),
    }
}

/// Refuses a plan that names a stage twice.
fn check(plan: &UsagePlan) -> Result<()> {
    plan.check().map_err(Error::BadRequest)?;
    let stages = &plan.api_stages;
    for (n, stage) in stages.iter().enumerate() {
        let mut earlier = stages.iter().take(n);
        if earlier.any(|other| (&other.api, &other.stage) == (&stage.api, &stage.stage)) {
            return Err(Error::BadRequest(format!(
                "API Stage {}:{} is specified more than once",
                stage.api, stage.stage
            )));
        }
    }
    Ok(())
}

impl App {
    /// Tells nodes of a plan; one without stages opens nothing and is none of
    /// theirs.
    pub(crate) async fn plan_fact(
        &self,
        txn: &mut Txn,
        scope: &Scope,
        id: &str,
        plan: &UsagePlan,
    ) -> Result<()> {
        let name = FactName::UsagePlan(scope.clone(), id.to_owned());
        if plan.api_stages.is_empty() {
            txn.fact_delete(&name).await?;
            return Ok(());
        }
        let fact = UsagePlanFact {
            stages: plan.api_stages.clone(),
            throttle: plan.throttle,
            quota: plan.quota,
        };
        self.fact_put(txn, &name, &fact).await
    }

    /// Locks the plans of a stage that goes, or of all stages of an API that
    /// goes, before API and stages are locked: a change of a plan locks the plan
    /// first, and each would wait for the other.
    pub(crate) async fn plans_lock_of(
        &self,
        txn: &mut Txn,
        scope: &Scope,
        api: &ApiId,
        stage: Option<&StageName>,
    ) -> Result<()> {
        let plans = txn.usage_plans_with(api, stage).await?;
        txn.usage_plans_lock(scope, &plans).await?;
        Ok(())
    }

    /// Takes a stage that goes, or all stages of an API that goes, out of the
    /// plans that have it.
    pub(crate) async fn plans_without(
        &self,
        txn: &mut Txn,
        scope: &Scope,
        api: &ApiId,
        stage: Option<&StageName>,
    ) -> Result<()> {
        let plans = txn.usage_plans_without(api, stage).await?;
        for row in txn.usage_plans_lock(scope, &plans).await? {
            self.plan_fact(txn, scope, &row.id, &row.definition).await?;
        }
        Ok(())
    }

    /// Creates a plan.
    ///
    /// # Errors
    /// When a rule of its parts is broken, or it names a stage that there is
    /// not.
    pub async fn usage_plan_create(
        &self,
        caller: &Caller,
        plan: UsagePlan,
        tags: &Tags,
    ) -> Result<UsagePlanView> {
        tags::check(tags)?;
        check(&plan)?;
        let scope = &caller.scope;
        let (row, revision) = transact!(self, |txn| {
            if txn.usage_plan_count(scope).await? >= self.limits().usage_plans {
                Err(Error::LimitExceeded(
                    "Maximum number of usage plans for this account has been reached.".to_owned(),
                ))?;
            }
            let mut id = self.new_id(6);
            while txn.usage_plan_fetch(scope, &id).await?.is_some() {
                id = self.new_id(6);
            }
            let row = UsagePlanRow { id, definition: plan.clone(), tags: tags.clone() };
            txn.usage_plan_insert(scope, &row, self.now()).await?;
            change_stages(&mut txn, scope, &row.id, &[], &plan.api_stages).await?;
            self.plan_fact(&mut txn, scope, &row.id, &plan).await?;
            let audit = caller.audit("CreateUsagePlan", place(&row.id));
            (row, Some(audit))
        })?;
        self.facts_settled(revision).await;
        Ok(view(row))
    }

    /// Reads a plan.
    ///
    /// # Errors
    /// When there is no such plan.
    pub async fn usage_plan_fetch(&self, caller: &Caller, id: &str) -> Result<UsagePlanView> {
        let mut txn = self.store().read().await?;
        txn.usage_plan_fetch(&caller.scope, id).await?.found(Kind::UsagePlan, id).map(view)
    }

    /// Lists the caller's plans by id: all, or those that a key is in.
    ///
    /// # Errors
    /// When there is no such key.
    pub async fn usage_plan_list(
        &self,
        caller: &Caller,
        key: Option<&str>,
        request: &PageRequest,
    ) -> Result<Page<UsagePlanView>> {
        let limit = self.page_limit(request);
        let mut txn = self.store().read().await?;
        if let Some(key) = key {
            txn.api_key_fetch(&caller.scope, key).await?.found(Kind::ApiKey, key)?;
        }
        let rows = txn.usage_plan_list(&caller.scope, key, request.after(), limit).await?;
        let views = rows.into_iter().map(view).collect();
        Ok(page(views, limit, |plan: &UsagePlanView| plan.id.clone()))
    }

    /// Changes a plan. The edit may run more than once.
    ///
    /// # Errors
    /// When there is no such plan, the edit refuses, a rule is broken, or a key
    /// would be in two plans with one stage.
    pub async fn usage_plan_update(
        &self,
        caller: &Caller,
        id: &str,
        mut edit: impl FnMut(&mut UsagePlan) -> Result<()> + Send,
    ) -> Result<UsagePlanView> {
        let scope = &caller.scope;
        let (row, revision) = transact!(self, |txn| {
            let row = txn.usage_plan_lock(scope, id).await?.found(Kind::UsagePlan, id)?;
            let mut plan = row.definition.clone();
            edit(&mut plan)?;
            check(&plan)?;
            txn.usage_plan_update(scope, id, &plan).await?;
            let before = &row.definition.api_stages;
            change_stages(&mut txn, scope, id, before, &plan.api_stages).await?;
            self.plan_fact(&mut txn, scope, id, &plan).await?;
            let row = UsagePlanRow { definition: plan, ..row };
            (row, Some(caller.audit("UpdateUsagePlan", place(id))))
        })?;
        self.facts_settled(revision).await;
        Ok(view(row))
    }

    /// Deletes a plan without stages; its keys are in it no more.
    ///
    /// # Errors
    /// When there is no such plan, or it has a stage.
    pub async fn usage_plan_delete(&self, caller: &Caller, id: &str) -> Result<()> {
        let scope = &caller.scope;
        let ((), revision) = transact!(self, |txn| {
            let row = txn.usage_plan_lock(scope, id).await?.found(Kind::UsagePlan, id)?;
            if let Some(stage) = row.definition.api_stages.first() {
                Err(Error::BadRequest(format!(
                    "Cannot delete Usage Plan {id} because there are API Stages associated with \
                     it, including {}:{}",
                    stage.api, stage.stage
                )))?;
            }
            // Ids may come again: no key must be left that names this one.
            let keys = txn.keys_of_plan_lock(scope, id).await?;
            txn.usage_plan_delete(scope, id).await?;
            self.key_facts(&mut txn, scope, &keys).await?;
            ((), Some(caller.audit("DeleteUsagePlan", place(id))))
        })?;
        self.facts_settled(revision).await;
        Ok(())
    }
}
