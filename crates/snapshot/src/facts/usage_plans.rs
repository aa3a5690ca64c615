//! Usage plans: which stages their keys open.

use std::{collections::BTreeMap, sync::Arc};

use gw_model::{Scope, StageKey, fact::UsagePlanFact};

/// The stages of one plan, ordered.
#[derive(Debug)]
struct Plan {
    stages: Box<[(Box<str>, Box<str>)]>,
}

/// A scope's plans by id.
type Scoped = Arc<BTreeMap<Box<str>, Arc<Plan>>>;

/// All usage plans of a node. They are few: a change copies the list.
#[derive(Debug, Clone, Default)]
pub(super) struct UsagePlans {
    plans: Arc<BTreeMap<Scope, Scoped>>,
}

impl UsagePlans {
    /// Whether a plan of the stage's scope holds the stage.
    pub(super) fn holds(&self, plan: &str, stage: &StageKey) -> bool {
        let (api, name) = (stage.api.as_str(), stage.stage.as_str());
        let plan = self.plans.get(&stage.scope).and_then(|plans| plans.get(plan));
        plan.is_some_and(|plan| {
            plan.stages.binary_search_by(|(a, n)| (&**a, &**n).cmp(&(api, name))).is_ok()
        })
    }

    pub(super) fn put(
        &mut self,
        scope: &Scope,
        id: &str,
        content: &[u8],
    ) -> Result<(), serde_json::Error> {
        let fact: UsagePlanFact = serde_json::from_slice(content)?;
        let name =
            |stage: gw_model::PlanStage| (stage.api.as_str().into(), stage.stage.as_str().into());
        let mut stages: Vec<(Box<str>, Box<str>)> = fact.stages.into_iter().map(name).collect();
        stages.sort_unstable();
        let plan = Arc::new(Plan { stages: stages.into() });
        let scoped = Arc::make_mut(&mut self.plans).entry(scope.clone()).or_default();
        Arc::make_mut(scoped).insert(id.into(), plan);
        Ok(())
    }

    pub(super) fn remove(&mut self, scope: &Scope, id: &str) {
        if !self.plans.get(scope).is_some_and(|plans| plans.contains_key(id)) {
            return;
        }
        let plans = Arc::make_mut(&mut self.plans);
        if let Some(scoped) = plans.get_mut(scope) {
            Arc::make_mut(scoped).remove(id);
            if scoped.is_empty() {
                plans.remove(scope);
            }
        }
    }
}
