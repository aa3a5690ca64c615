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

impl Step<'_> {
    /// The step on one line, for people. `shown` writes the values, which may
    /// be long and have several lines.
    pub fn line(&self, shown: impl Fn(&str) -> String) -> String {
        match self {
            Self::Reference { text, printed } => format!("{text} -> {}", shown(printed)),
            Self::Set { target, value: Some(value) } => format!("#set {target} = {}", shown(value)),
            Self::Set { target, value: None } => format!("#set {target}: null, not set"),
            Self::Condition { holds } => format!("#if {holds}"),
            Self::Turn { count } => format!("#foreach turn {count}"),
            Self::Macro { name } => format!("#{name}()"),
            Self::Evaluate { text } => format!("#evaluate {}", shown(text)),
            Self::Stop => "#stop".to_owned(),
        }
    }
}

/// Receives the steps of one rendering, in order.
pub trait Tracer {
    /// A step at a place of the template.
    fn step(&mut self, position: Position, step: &Step<'_>);
}
