//! Variable names as small numbers.

use std::{collections::HashMap, fmt, sync::Arc};

/// A variable's number.
pub(crate) type Name = u32;

/// Numbers for names; a program read at run time continues its caller's list.
#[derive(Clone, Default)]
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

/// In the order of the numbers: equal programs print alike.
impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.numbers.iter().collect();
        names.sort_unstable_by_key(|(_, number)| **number);
        f.debug_list().entries(names.iter().map(|(name, _)| name)).finish()
    }
}
