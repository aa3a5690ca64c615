//! Watching a mapping: what it saw and what it decided.

use gw_template::{RequestOverride, ResponseOverride, Tracer};

/// Something that a mapping did.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A template was rendered.
    Template {
        /// The media type that it is declared for, or `$default`.
        media_type: &'a str,
        /// What `$input.body` was.
        input: &'a str,
        /// What came out.
        output: &'a str,
    },
    /// No template applied; the body went through.
    Passthrough,
    /// What the request's template has overridden; not told if nothing.
    RequestOverrides(&'a RequestOverride),
    /// What the templates have overridden in the answer; not told if nothing.
    ResponseOverrides(&'a ResponseOverride),
    /// An integration response was chosen.
    Selected {
        /// The status that it is declared for.
        status: u16,
        /// Its selection pattern; `None` is the default response.
        pattern: Option<&'a str>,
    },
}

/// Gets the events of one mapping, in order.
pub trait Record {
    /// Something was done.
    fn record(&mut self, event: Event<'_>);

    /// Gets the steps of the template, if it wants them.
    fn tracer(&mut self) -> Option<&mut dyn Tracer> {
        None
    }
}

/// The recorder of one call, if there is one.
pub(super) struct Notes<'r>(pub(super) Option<&'r mut dyn Record>);

impl Notes<'_> {
    pub(super) fn tell(&mut self, event: Event<'_>) {
        if let Some(record) = &mut self.0 {
            record.record(event);
        }
    }

    pub(super) fn tracer(&mut self) -> Option<&mut dyn Tracer> {
        self.0.as_mut().and_then(|record| record.tracer())
    }
}
