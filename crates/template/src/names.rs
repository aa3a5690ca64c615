//! Variable names as small numbers.

use std::{collections::HashMap, sync::Arc};

/// A variable's number.
pub(crate) type Name = u32;

/// Numbers for names; a program read at run time continues its caller's list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    numbers: HashMap<Arc<str>, Name>,
}

impl Names {
    pub(crate) fn number(&mut self, text: &str) -> Name {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let text: Arc<str> = text.into();
        let number = Name::try_from(self.numbers.len()).unwrap_or(Name::MAX);
        self.numbers.insert(text, number);
        number
    }

    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }
}
