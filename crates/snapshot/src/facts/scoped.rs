//! Facts by scope and id, of a kind of which there are few: a change copies
//! the list of its scope.

use std::{collections::BTreeMap, sync::Arc};

use gw_model::Scope;

type ById<T> = Arc<BTreeMap<Box<str>, Arc<T>>>;

#[derive(Debug)]
pub(super) struct Scoped<T> {
    by_scope: Arc<BTreeMap<Scope, ById<T>>>,
}

impl<T> Clone for Scoped<T> {
    fn clone(&self) -> Self {
        Self { by_scope: Arc::clone(&self.by_scope) }
    }
}

impl<T> Default for Scoped<T> {
    fn default() -> Self {
        Self { by_scope: Arc::default() }
    }
}

impl<T> Scoped<T> {
    pub(super) fn get(&self, scope: &Scope, id: &str) -> Option<&T> {
        self.by_scope.get(scope)?.get(id).map(|found| &**found)
    }

    pub(super) fn put(&mut self, scope: &Scope, id: &str, value: T) {
        let scoped = Arc::make_mut(&mut self.by_scope).entry(scope.clone()).or_default();
        Arc::make_mut(scoped).insert(id.into(), Arc::new(value));
    }

    pub(super) fn remove(&mut self, scope: &Scope, id: &str) {
        if self.get(scope, id).is_none() {
            return;
        }
        let by_scope = Arc::make_mut(&mut self.by_scope);
        if let Some(scoped) = by_scope.get_mut(scope) {
            Arc::make_mut(scoped).remove(id);
            if scoped.is_empty() {
                by_scope.remove(scope);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_leaves_what_was_cloned_before() {
        let (here, there) = (Scope::new("1", "a"), Scope::new("1", "b"));
        let mut facts = Scoped::default();
        facts.put(&here, "x", 1);
        facts.put(&there, "x", 2);
        let before = facts.clone();
        facts.put(&here, "x", 3);
        facts.remove(&there, "x");
        facts.remove(&there, "nothing");
        assert_eq!((facts.get(&here, "x"), facts.get(&there, "x")), (Some(&3), None));
        assert_eq!((before.get(&here, "x"), before.get(&there, "x")), (Some(&1), Some(&2)));
    }
}
