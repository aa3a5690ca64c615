//! Watching a template run, step by step.

use crate::Position;

/// What one directive or reference came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'s> {
    /// A reference in the text: as written, and what was printed.
    Reference {
        /// As written.
        text: &'s str,
        /// What was printed.
        printed: &'s str,
    },
    /// `#set`: the target as written and the value, 4 KiB of it; none when it was null and
    /// nothing was set.
    Set {
        /// The target as written.
        target: &'s str,
        /// The value's text.
        value: Option<&'s str>,
    },
    /// An `#if` or `#elseif` was asked.
    Condition {
        /// The answer.
        holds: bool,
    },
    /// A `#foreach` begins a turn, counted from one.
    Turn {
        /// Counted from one.
        count: usize,
    },
    /// A macro is called.
    Macro {
        /// Its name.
        name: &'s str,
    },
    /// `#evaluate` runs this text.
    Evaluate {
        /// The text.
        text: &'s str,
    },
    /// `#break` or `#stop`.
    Stop,
}

/// Receives the steps of one rendering, in order.
pub trait Tracer {
    /// A step at a place of the template.
    fn step(&mut self, position: Position, step: &Step<'_>);
}
