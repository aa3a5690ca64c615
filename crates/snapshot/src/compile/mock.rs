//! MOCK integrations.

use std::{collections::hash_map::Entry, sync::Arc};

use super::Compiler;
use crate::{Integration, Mock};

impl Compiler<'_> {
    pub(super) fn mock(&mut self, declared: &gw_model::Integration, place: &str) -> Integration {
        let key = serde_json::to_vec(declared).unwrap_or_default();
        let (mock, reasons) = match self.mocks.entry(key) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(new) => {
                let mut reasons = Vec::new();
                let mock = Mock::compile(declared, &self.binary, self.limits, &mut |reason| {
                    reasons.push(reason);
                });
                new.insert((Arc::new(mock), reasons)).clone()
            }
        };
        for reason in reasons {
            self.poison(place, reason);
        }
        Integration::Mock(mock)
    }
}
