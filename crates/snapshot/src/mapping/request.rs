//! The client's request -> the integration's.

use std::sync::Arc;

use bytes::Bytes;
use gw_model::{
    ContentHandling, GatewayResponseType as Type, IntegrationType, PassthroughBehavior,
};
use gw_template::{Fault, RenderError, Rendered, Template};

use super::{
    BinaryMediaTypes, Event, Inbound, MappedRequest, Record, bad_request, binary,
    configuration_error,
    content::Payload,
    parameters::{Parameters, override_with},
    record::Notes,
    template::{Compiled, Declared, Templates, is_unfinished, limits_of, render, tell_fixed},
    vtl::TemplateValues,
};
use crate::{GatewayError, Limits, Values};

/// How a client's request becomes the integration's.
#[derive(Debug)]
pub struct RequestMapping {
    kind: IntegrationType,
    /// Or why none of them can be used.
    parameters: Result<Parameters, Box<str>>,
    templates: Templates,
    passthrough: PassthroughBehavior,
    content_handling: Option<ContentHandling>,
    binary: Arc<BinaryMediaTypes>,
    limits: gw_template::Limits,
}

impl RequestMapping {
    /// Compiles; `fault` gets every reason why some requests will fail.
    pub(crate) fn compile(
        declared: &gw_model::Integration,
        binary: &Arc<BinaryMediaTypes>,
        limits: &Limits,
        fault: &mut dyn FnMut(String),
    ) -> Self {
        Self {
            kind: declared.kind,
            parameters: Parameters::compile(declared, fault).map_err(Into::into),
            templates: Templates::compile(
                &declared.request_templates,
                limits,
                "request template",
                fault,
            ),
            passthrough: declared.passthrough_behavior,
            content_handling: declared.content_handling,
            binary: binary.clone(),
            limits: limits.template,
        }
    }

    /// Maps one request.
    ///
    /// # Errors
    /// The gateway response to give instead: 400 for a body that is not the
    /// JSON that a mapping or template reads, 415 where no template fits, 500
    /// for what the API's owner has to mend.
    pub fn apply(
        &self,
        inbound: &Inbound<'_>,
        record: Option<&mut dyn Record>,
    ) -> Result<MappedRequest, GatewayError> {
        let mut notes = Notes(record);
        let mut mapped = match &self.parameters {
            Ok(parameters) => parameters.apply(inbound)?,
            Err(reason) => return Err(configuration_error(reason)),
        };
        let media = binary::content_type(inbound.values);
        let chosen = self.templates.of_request(media);
        if chosen.is_none() && !self.passes() {
            return Err(GatewayError::of(Type::UnsupportedMediaType));
        }
        let is_binary = self.binary.matches(media);
        let payload = Payload::of_request(inbound.body, is_binary, self.content_handling)
            .map_err(|_| configuration_error("Unable to base64 decode the body."))?;
        mapped.body = match chosen {
            None | Some(Declared { compiled: Compiled::Null, .. }) => {
                notes.tell(Event::Passthrough);
                payload.into_bytes()
            }
            Some(Declared { media, compiled: Compiled::Empty, .. }) => {
                tell_fixed(media, inbound.body, b"", &mut notes);
                Bytes::new()
            }
            Some(template) => {
                let Payload::Text(text) = payload else {
                    return Err(configuration_error("Unable to transform request"));
                };
                let rendered =
                    self.render(template, inbound.values, &text, &mut mapped, &mut notes)?;
                override_with(&mut mapped, self.kind)?;
                rendered
            }
        };
        Ok(mapped)
    }

    fn render(
        &self,
        Declared { media, compiled, .. }: &Declared,
        values: &dyn Values,
        text: &Bytes,
        mapped: &mut MappedRequest,
        notes: &mut Notes<'_>,
    ) -> Result<Bytes, GatewayError> {
        match compiled {
            Compiled::Fixed(fixed) => {
                tell_fixed(media, text, fixed, notes);
                Ok(fixed.clone())
            }
            Compiled::Vtl(template) => {
                let rendered = self.vtl((media, template), values, text, notes)?;
                mapped.overrides = rendered.overrides;
                if mapped.overrides.request != Default::default() {
                    notes.tell(Event::RequestOverrides(&mapped.overrides.request));
                }
                Ok(Bytes::from(rendered.text))
            }
            Compiled::Refused(reason) => Err(transform(media, reason)),
            Compiled::Empty | Compiled::Null => Ok(Bytes::new()),
        }
    }

    fn vtl(
        &self,
        at: (&str, &Template),
        values: &dyn Values,
        text: &Bytes,
        notes: &mut Notes<'_>,
    ) -> Result<Rendered, GatewayError> {
        let body = std::str::from_utf8(text).unwrap_or_default();
        let source = TemplateValues::new(values, body, None);
        render(at, &source, limits_of(self.limits, values), notes).map_err(|error| GatewayError {
            is_unfinished: is_unfinished(&error, self.limits),
            ..render_error(at.0, &error)
        })
    }

    /// Whether a body without a template goes through.
    fn passes(&self) -> bool {
        match self.passthrough {
            PassthroughBehavior::WhenNoMatch => true,
            PassthroughBehavior::WhenNoTemplates => self.templates.is_empty(),
            PassthroughBehavior::Never => false,
        }
    }

    /// The names of mapped path parameters.
    pub(crate) fn path_names(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().flat_map(Parameters::path_names)
    }

    /// Whether a template may override path parameters that nothing maps.
    pub(crate) fn may_override(&self) -> bool {
        self.templates.iter().any(|declared| {
            matches!(&declared.compiled, Compiled::Vtl(template)
                if template.source().contains("requestOverride"))
        })
    }

    /// Whether some request's body makes a difference.
    pub(crate) fn reads_body(&self) -> bool {
        let reads = |template: &Template| {
            let text = template.source();
            text.contains("input") || text.contains("evaluate")
        };
        let mut templates = self.templates.iter();
        self.parameters.as_ref().is_ok_and(Parameters::reads_body)
            || self.templates.of_request("").is_none() && self.passes()
            || templates.any(|one| match &one.compiled {
                Compiled::Vtl(template) => reads(template),
                Compiled::Null => true,
                _ => false,
            })
    }

    /// Whether mapping a body of this media type is nothing but to choose a
    /// template: the one that it chooses.
    pub(crate) fn plain_choice(&self, values: &dyn Values) -> Option<usize> {
        if !self.parameters.as_ref().is_ok_and(Parameters::is_empty) {
            return None;
        }
        let media = binary::content_type(values);
        let chosen = self.templates.of_request(media)?;
        if self.binary.matches(media) {
            return None;
        }
        self.templates.iter().position(|one| std::ptr::eq(one, chosen))
    }

    /// The media types of the templates, with their texts where those are the
    /// same for every request.
    pub(crate) fn fixed(&self) -> impl Iterator<Item = (&str, Option<&Bytes>)> {
        self.templates.iter().map(|one| match &one.compiled {
            Compiled::Fixed(text) => (&*one.media, Some(text)),
            _ => (&*one.media, None),
        })
    }

    /// Bytes on the heap, roughly.
    pub(crate) fn size_bytes(&self) -> usize {
        let parameters = self.parameters.as_ref().map_or(0, Parameters::size_bytes);
        parameters + self.templates.size_bytes()
    }
}

fn transform(media: &str, reason: impl std::fmt::Display) -> GatewayError {
    configuration_error(format_args!("Unable to transform request: template {media}, {reason}"))
}

fn render_error(media: &str, error: &RenderError) -> GatewayError {
    match &error.fault {
        // The client's fault, and the only one that it is told.
        Fault::Json(_) => bad_request(error.fault.to_string()).with_log(error.fault.to_string()),
        _ => transform(media, error),
    }
}
