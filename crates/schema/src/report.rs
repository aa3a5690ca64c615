//! What a validation tells: whether, or what is wrong in AWS's words.

use crate::validate::Sink;

/// Messages beyond are left out.
const MAX_MESSAGES: usize = 100;

/// Bytes of a value or text that a message shows.
pub(crate) const MAX_SHOWN: usize = 256;

/// Only whether.
pub(crate) struct Verdict;

impl Sink for Verdict {
    const IS_QUICK: bool = true;

    fn add(&mut self, _: &'static str, _: impl FnOnce() -> String) {}
}

/// All that is wrong.
#[derive(Default)]
pub(crate) struct Report {
    messages: Vec<(&'static str, String)>,
}

impl Report {
    pub(crate) fn into_messages(self) -> Vec<String> {
        self.messages.into_iter().map(|(_, message)| message).collect()
    }
}

impl Sink for Report {
    const IS_QUICK: bool = false;

    fn add(&mut self, keyword: &'static str, message: impl FnOnce() -> String) {
        if self.messages.len() < MAX_MESSAGES {
            self.messages.push((keyword, message()));
        }
    }

    /// AWS's validator goes through the keywords by name.
    fn settle(&mut self, from: usize) {
        if let Some(new) = self.messages.get_mut(from..) {
            new.sort_by_key(|(keyword, _)| *keyword);
        }
    }

    fn count(&self) -> usize {
        self.messages.len()
    }
}

/// A text as a message shows it: the beginning of a long one.
pub(crate) fn shown(text: &str) -> String {
    match text.char_indices().find(|(at, _)| *at >= MAX_SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
