//! Ids that are new to their API.

use std::collections::HashSet;

use gw_model::RestApi;

use crate::App;

/// Makes ids that an API does not use yet.
pub struct NewIds {
    app: App,
    used: HashSet<String>,
}

impl std::fmt::Debug for NewIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewIds").field("used", &self.used.len()).finish_non_exhaustive()
    }
}

impl NewIds {
    /// For an API that is yet to be made.
    pub(crate) fn of_none(app: &App) -> Self {
        Self { app: app.clone(), used: HashSet::new() }
    }

    /// For an API with ids of its own.
    pub(crate) fn new(app: &App, api: &RestApi) -> Self {
        let resources = api.resources.keys().map(|id| id.to_string());
        let models = api.models.values().map(|model| model.id.clone());
        let validators = api.request_validators.keys().map(|id| id.to_string());
        let authorizers = api.authorizers.keys().map(|id| id.to_string());
        let used = resources.chain(models).chain(validators).chain(authorizers).collect();
        Self { app: app.clone(), used }
    }

    /// A new id of `length` characters: ten for a root resource, six for all else.
    pub fn next(&mut self, length: usize) -> String {
        loop {
            let id = self.app.new_id(length);
            if self.used.insert(id.clone()) {
                return id;
            }
        }
    }
}
