//! The integration's answer -> the client's.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use gw_model::{ContentHandling, IntegrationResponse};
use gw_template::{Overrides, ResponseOverride};
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::{
    BinaryMediaTypes, BodyPath, Event, MappedResponse, Outcome, Record, Selector, binary,
    body::ReadBody,
    configuration_error,
    content::{Payload, decoded},
    few,
    names::{is_ours, remapped},
    pattern::Pattern,
    record::Notes,
    template::{Compiled, Declared, JSON, Templates, is_unfinished, limits_of, render, tell_fixed},
    vtl::{Answer, TemplateValues},
};
use crate::{GatewayError, Limits, Source, Values, api::Headers};

/// How an answer is mapped: the integration responses, in stored order.
#[derive(Debug)]
pub struct ResponseMapping {
    responses: Box<[Response]>,
    binary: Arc<BinaryMediaTypes>,
    limits: gw_template::Limits,
}

/// One integration response.
#[derive(Debug)]
struct Response {
    /// `None` is the default response.
    pattern: Option<Pattern>,
    status: StatusCode,
    headers: Headers,
    reads_body: bool,
    templates: Templates,
    content_handling: Option<ContentHandling>,
    /// Why every answer that it is chosen for fails.
    refused: Option<Box<str>>,
}

impl ResponseMapping {
    /// Compiles; `fault` gets every reason why some answers will fail.
    pub(crate) fn compile(
        declared: &gw_model::Integration,
        binary: &Arc<BinaryMediaTypes>,
        limits: &Limits,
        fault: &mut dyn FnMut(String),
    ) -> Self {
        let compile = |(code, response): (&String, &IntegrationResponse)| {
            let mut fault =
                |reason: String| fault(format!("integration response {code}: {reason}"));
            Response::compile(code, response, limits, &mut fault)
        };
        let responses = declared.responses.iter().map(compile).collect();
        Self { responses, binary: binary.clone(), limits: limits.template }
    }

    /// Maps one answer.
    ///
    /// # Errors
    /// The gateway response to give instead: always a 500, whose log says why.
    pub fn apply(
        &self,
        selector: Selector<'_>,
        outcome: &Outcome<'_>,
        record: Option<&mut dyn Record>,
    ) -> Result<MappedResponse, GatewayError> {
        let response = self.select(selector)?;
        let mut notes = Notes(record);
        let pattern = response.pattern.as_ref().map(|pattern| &*pattern.text);
        notes.tell(Event::Selected { status: response.status.as_u16(), pattern });
        response.apply(self, outcome, &mut notes)
    }

    /// The first response whose pattern matches, else the default one. A
    /// pattern that cannot be tried ends the search: what comes behind it may
    /// not be meant.
    fn select(&self, selector: Selector<'_>) -> Result<&Response, GatewayError> {
        let text = match selector {
            Selector::Status(status) => Cow::Owned(status.to_string()),
            Selector::Error(message) => Cow::Borrowed(message.unwrap_or_default()),
        };
        let mut default = None;
        for response in &self.responses {
            let Some(pattern) = &response.pattern else {
                default = default.or(Some(response));
                continue;
            };
            match pattern.matches(&text) {
                Ok(true) => return Ok(response),
                Ok(false) => {}
                Err(_) => {
                    let pattern = &pattern.text;
                    return Err(configuration_error(format_args!(
                        "selection pattern {pattern:?} cannot be compared"
                    )));
                }
            }
        }
        default.ok_or_else(no_match)
    }

    /// The number of the response that a status chooses, if one is there.
    pub(crate) fn position(&self, status: u16) -> Option<usize> {
        let chosen = self.select(Selector::Status(status)).ok()?;
        self.responses.iter().position(|response| std::ptr::eq(response, chosen))
    }

    /// Maps an answer by a response that was chosen before.
    pub(crate) fn apply_at(
        &self,
        position: usize,
        outcome: &Outcome<'_>,
    ) -> Result<MappedResponse, GatewayError> {
        let response = self.responses.get(position).ok_or_else(no_match)?;
        response.apply(self, outcome, &mut Notes(None))
    }

    /// Bytes on the heap, roughly.
    pub(crate) fn size_bytes(&self) -> usize {
        self.responses.iter().map(Response::size_bytes).sum()
    }
}

impl Response {
    fn compile(
        code: &str,
        declared: &IntegrationResponse,
        limits: &Limits,
        fault: &mut dyn FnMut(String),
    ) -> Self {
        let status = code.parse().ok().filter(|status| (200..=599).contains(status));
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        let pattern = declared.selection_pattern.as_deref().filter(|pattern| !pattern.is_empty());
        let mut response = Self {
            pattern: pattern.map(|pattern| Pattern::compile(pattern, limits, fault)),
            status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: Headers::default(),
            reads_body: false,
            templates: Templates::compile(&declared.response_templates, limits, "template", fault),
            content_handling: declared.content_handling,
            refused: None,
        };
        let mut refuse = |reason: String| {
            fault(reason.clone());
            response.refused.get_or_insert(reason.into());
        };
        if status.is_none() {
            refuse("not a status between 200 and 599".to_owned());
        }
        let mut headers = Vec::new();
        for (target, expression) in &declared.response_parameters {
            let Some(name) = target.strip_prefix("method.response.header.") else {
                refuse(format!("{target} is no response header"));
                continue;
            };
            match (name.parse::<HeaderName>(), Source::answer(expression)) {
                (Ok(name), Ok(source)) if !is_ours(&name) => {
                    response.reads_body |= matches!(source, Source::Body(_));
                    headers.push((remapped(name), source));
                }
                (_, Ok(_)) => refuse(format!("{name} cannot be mapped")),
                (_, Err(reason)) => refuse(reason),
            }
        }
        response.headers = headers.into();
        response
    }

    fn apply(
        &self,
        mapping: &ResponseMapping,
        outcome: &Outcome<'_>,
        notes: &mut Notes<'_>,
    ) -> Result<MappedResponse, GatewayError> {
        if let Some(reason) = &self.refused {
            return Err(configuration_error(reason));
        }
        let mut headers = self.mapped_headers(outcome)?;
        let (content_type, body, overrides) = self.body(mapping, outcome, notes)?;
        let overrides = &overrides.as_ref().unwrap_or(outcome.overrides).response;
        if *overrides != ResponseOverride::default() {
            notes.tell(Event::ResponseOverrides(overrides));
        }
        few(headers.len() + overrides.header.len(), "headers")?;
        for (name, values) in &overrides.header {
            let Ok(name) = name.parse::<HeaderName>() else { continue };
            if is_ours(&name) {
                continue;
            }
            let name = remapped(name);
            headers.retain(|(mapped, _)| *mapped != name);
            if let Ok(value) = HeaderValue::from_str(&values.join(",")) {
                headers.push((name, value));
            }
        }
        if !headers.iter().any(|(name, _)| *name == header::CONTENT_TYPE) {
            headers.push((header::CONTENT_TYPE, content_type));
        }
        // An answer below 200 is no answer, and HTTP could not carry it.
        let status = overrides.status.filter(|status| *status >= 200);
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        Ok(MappedResponse { status: status.unwrap_or(self.status), headers, body })
    }

    fn mapped_headers(
        &self,
        outcome: &Outcome<'_>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, GatewayError> {
        if self.headers.is_empty() {
            return Ok(Vec::new());
        }
        let body = match self.reads_body {
            false => None,
            true => Some(ReadBody::read(outcome.body).map_err(|reason| {
                let reason = format!("Invalid JSON in response body: {reason}");
                configuration_error(reason)
            })?),
        };
        let values = WithAnswer { outcome, body: body.map(ReadBody::with_message) };
        let headers = self.headers.iter().filter_map(|(name, source)| {
            let value = match source {
                Source::Static(value) => value.clone(),
                source => source.value(&values)?.into_header()?,
            };
            Some((name.clone(), value))
        });
        Ok(headers.collect())
    }

    /// Its media type, the body, and what the template has
    /// overridden if one was rendered.
    fn body(
        &self,
        mapping: &ResponseMapping,
        outcome: &Outcome<'_>,
        notes: &mut Notes<'_>,
    ) -> Result<(HeaderValue, Bytes, Option<Overrides>), GatewayError> {
        let payload = self.payload(&mapping.binary, outcome)?;
        let chosen = self.templates.of_response(binary::accept(outcome.values));
        let (media, content_type, compiled) = match chosen {
            None => {
                notes.tell(Event::Passthrough);
                return Ok((JSON, payload.into_bytes(), None));
            }
            Some(Declared { compiled: Compiled::Empty | Compiled::Null, content_type, .. }) => {
                notes.tell(Event::Passthrough);
                return Ok((content_type.clone(), payload.into_bytes(), None));
            }
            Some(Declared { media, content_type, compiled }) => (media, content_type, compiled),
        };
        let Payload::Text(text) = payload else {
            return Err(configuration_error("Unable to transform response"));
        };
        let transform = |reason: &dyn std::fmt::Display| {
            configuration_error(format_args!(
                "Unable to transform response: template {media}, {reason}"
            ))
        };
        let (body, overrides) = match compiled {
            Compiled::Fixed(fixed) => {
                tell_fixed(media, &text, fixed, notes);
                (fixed.clone(), None)
            }
            Compiled::Vtl(template) => {
                let body = std::str::from_utf8(&text).unwrap_or_default();
                let answer = Answer { headers: outcome.headers, overrides: outcome.overrides };
                let source = TemplateValues::new(outcome.values, body, Some(answer));
                let limits = limits_of(mapping.limits, outcome.values);
                let rendered =
                    render((media, template), &source, limits, notes).map_err(|error| {
                        let is_unfinished = is_unfinished(&error, mapping.limits);
                        GatewayError { is_unfinished, ..transform(&error) }
                    })?;
                (Bytes::from(rendered.text), Some(rendered.overrides))
            }
            Compiled::Refused(reason) => return Err(transform(reason)),
            Compiled::Empty | Compiled::Null => (text, None),
        };
        // Where the integration has no body, the template's is what can be
        // meant: how a MOCK answers with an image.
        let is_meant = outcome.body.is_empty()
            && self.content_handling == Some(ContentHandling::ConvertToBinary);
        let body = if is_meant { decoded(&body).map_err(|_| not_base64())? } else { body };
        Ok((content_type.clone(), body, overrides))
    }

    fn payload(
        &self,
        binary: &BinaryMediaTypes,
        outcome: &Outcome<'_>,
    ) -> Result<Payload, GatewayError> {
        if outcome.body.is_empty() {
            return Ok(Payload::Text(Bytes::new()));
        }
        let media = outcome.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        let is_binary = binary.matches(media.unwrap_or("application/json"));
        let wants_binary = binary.of_accept(outcome.values);
        Payload::of_response(outcome.body, is_binary, wants_binary, self.content_handling)
            .map_err(|_| not_base64())
    }

    fn size_bytes(&self) -> usize {
        let pattern = self.pattern.as_ref().map_or(0, Pattern::size_bytes);
        size_of::<Self>() + pattern + self.headers.len() * 96 + self.templates.size_bytes()
    }
}

fn no_match() -> GatewayError {
    configuration_error("No match for output mapping and no default output mapping configured")
}

fn not_base64() -> GatewayError {
    configuration_error("Unable to base64 decode the body.")
}

/// The values of a request together with the integration's answer.
struct WithAnswer<'a> {
    outcome: &'a Outcome<'a>,
    body: Option<ReadBody<'a>>,
}

impl Values for WithAnswer<'_> {
    fn inner(&self) -> Option<&dyn Values> {
        Some(self.outcome.values)
    }

    fn body(&self, path: &BodyPath) -> Option<Cow<'_, str>> {
        self.body.as_ref()?.value(path)
    }

    fn response_header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.outcome.headers.get_all(name).iter().next_back()
    }

    fn response_header_list(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        crate::context::joined(self.outcome.headers, name)
    }
}
