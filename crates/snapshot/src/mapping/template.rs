//! The templates of a mapping, and which one applies.

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;
use gw_template::{RenderError, Rendered, Source, Template};
use http::HeaderValue;

use super::record::{Event, Notes};
use crate::{Limits, Values};

/// The media type of what has no other.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A template, ready to use.
#[derive(Debug)]
pub(super) enum Compiled {
    /// Declared without text: makes an empty request, and leaves an answer as
    /// it is.
    Empty,
    /// Declared as null: leaves both as they are.
    Null,
    /// The same for every request.
    Fixed(Bytes),
    /// To be rendered.
    Vtl(Box<Template>),
    /// Cannot be used: why.
    Refused(Box<str>),
}

/// A template and the media type that it is declared for.
#[derive(Debug)]
pub(super) struct Declared {
    /// Or `$default`.
    pub(super) media: Box<str>,
    /// The media type of what it makes.
    pub(super) content_type: HeaderValue,
    pub(super) compiled: Compiled,
}

/// Templates, ordered by media type.
#[derive(Debug, Default)]
pub(super) struct Templates(Box<[Declared]>);

impl Templates {
    /// Compiles; `fault` gets what is wrong with each, `what` being their name.
    pub(super) fn compile(
        declared: &BTreeMap<String, Option<String>>,
        limits: &Limits,
        what: &str,
        fault: &mut dyn FnMut(String),
    ) -> Self {
        let compile = |(media, text): (&String, &Option<String>)| {
            let compiled = text.as_deref().map_or(Compiled::Null, |text| compile(text, limits));
            if let Compiled::Refused(reason) = &compiled {
                fault(format!("{what} {media}: {reason}"));
            }
            let named = HeaderValue::from_str(media).ok().filter(|_| media != "$default");
            let content_type = named.unwrap_or(JSON);
            Declared { media: media.as_str().into(), content_type, compiled }
        };
        Self(declared.iter().map(compile).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Declared> {
        self.0.iter()
    }

    /// The template for a request's body: that of its media type, else
    /// `$default`.
    pub(super) fn of_request(&self, media_type: &str) -> Option<&Declared> {
        self.find(media_type).or_else(|| self.find("$default"))
    }

    /// The template for an answer: that of the media type that the client
    /// wants, else that of JSON, else the first.
    pub(super) fn of_response(&self, accept: &str) -> Option<&Declared> {
        self.find(accept).or_else(|| self.find("application/json")).or_else(|| self.iter().next())
    }

    fn find(&self, wanted: &str) -> Option<&Declared> {
        self.iter().find(|declared| declared.media.eq_ignore_ascii_case(wanted))
    }

    /// Bytes on the heap, roughly.
    pub(super) fn size_bytes(&self) -> usize {
        let each = self.0.iter().map(|declared| {
            let compiled = match &declared.compiled {
                Compiled::Empty | Compiled::Null => 0,
                Compiled::Fixed(bytes) => bytes.len(),
                Compiled::Vtl(template) => template.size_bytes(),
                Compiled::Refused(reason) => reason.len(),
            };
            size_of::<Declared>() + declared.media.len() * 2 + compiled
        });
        each.sum()
    }
}

fn compile(text: &str, limits: &Limits) -> Compiled {
    if text.is_empty() {
        return Compiled::Empty;
    }
    if text.len() > limits.max_template_bytes {
        let limit = limits.max_template_bytes;
        let reason = format!("the template has {} bytes, at most {limit} allowed", text.len());
        return Compiled::Refused(reason.into());
    }
    // Without these two there is no reference, directive, comment or escape.
    if !text.contains(['$', '#']) {
        return Compiled::Fixed(Bytes::copy_from_slice(text.as_bytes()));
    }
    match Template::compile(text) {
        Ok(template) => Compiled::Vtl(Box::new(template)),
        Err(error) => Compiled::Refused(error.to_string().into()),
    }
}

/// What a rendering with these values may use.
pub(super) fn limits_of(limits: gw_template::Limits, values: &dyn Values) -> gw_template::Limits {
    let steps = values.template_steps().map_or(limits.steps, |steps| steps.min(limits.steps));
    gw_template::Limits { steps, ..limits }
}

/// Whether a rendering ended for want of steps that its values held back.
pub(super) fn is_unfinished(error: &RenderError, limits: gw_template::Limits) -> bool {
    matches!(error.fault, gw_template::Fault::Steps(allowed) if allowed < limits.steps)
}

/// Renders, traced if the recorder wants it.
pub(super) fn render(
    (media_type, template): (&str, &Template),
    source: &dyn Source,
    limits: gw_template::Limits,
    notes: &mut Notes<'_>,
) -> Result<Rendered, RenderError> {
    let rendered = match notes.tracer() {
        None => template.render(source, limits),
        Some(tracer) => template.trace(source, limits, tracer),
    }?;
    notes.tell(Event::Template { media_type, input: source.body(), output: &rendered.text });
    Ok(rendered)
}

/// Tells the recorder of a template that needed no rendering.
pub(super) fn tell_fixed(media_type: &str, input: &[u8], output: &[u8], notes: &mut Notes<'_>) {
    if notes.0.is_some() {
        let text = |bytes| -> Cow<'_, str> { String::from_utf8_lossy(bytes) };
        let (input, output) = (&text(input), &text(output));
        notes.tell(Event::Template { media_type, input, output });
    }
}
