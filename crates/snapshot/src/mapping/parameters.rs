//! Request parameters of an integration: where each goes and comes from.

use gw_model::IntegrationType;
use http::{HeaderName, HeaderValue};

use super::{Inbound, MappedRequest, WithBody, configuration_error, few, names::is_forbidden};
use crate::{GatewayError, Source, Values, api::Headers};

/// Names with the sources of their values.
type Named = Box<[(Box<str>, Source)]>;

/// The compiled `requestParameters`.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    headers: Headers,
    /// Headers that AWS refuses to set when there is a value for them.
    forbidden: Headers,
    query: Named,
    path: Named,
    reads_body: bool,
}

impl Parameters {
    /// Compiles; `fault` gets what some or all requests will fail for.
    pub(super) fn compile(
        declared: &gw_model::Integration,
        fault: &mut dyn FnMut(String),
    ) -> Result<Self, String> {
        let (mut headers, mut forbidden) = (Vec::new(), Vec::new());
        let (mut query, mut path) = (Vec::new(), Vec::new());
        let mut reads_body = false;
        let mut broken = None;
        for (target, expression) in &declared.request_parameters {
            let parts = target.strip_prefix("integration.request.").and_then(|t| t.split_once('.'));
            let parameter = Source::request(expression).and_then(|source| match parts {
                Some((place, name)) if !name.is_empty() => Ok((place, name, source)),
                _ => Err(format!("{target:?} is not a mapping target")),
            });
            let outcome = parameter.and_then(|(place, name, source)| {
                reads_body |= matches!(source, Source::Body(_));
                match place {
                    "header" => match name.parse::<HeaderName>() {
                        Ok(name) if is_forbidden(&name, declared.kind) => {
                            fault(format!("header {name} cannot be mapped"));
                            forbidden.push((name, source));
                        }
                        Ok(name) => headers.push((name, source)),
                        Err(_) => return Err(format!("invalid header name {name:?}")),
                    },
                    "querystring" => query.push((name.into(), source)),
                    "path" => path.push((name.into(), source)),
                    _ => return Err(format!("{target:?} is not a mapping target")),
                }
                Ok(())
            });
            if let Err(reason) = outcome {
                fault(reason.clone());
                broken.get_or_insert(reason);
            }
        }
        match broken {
            Some(reason) => Err(reason),
            None => Ok(Self {
                headers: headers.into(),
                forbidden: forbidden.into(),
                query: query.into(),
                path: path.into(),
                reads_body,
            }),
        }
    }

    /// The names that can stand in the address.
    pub(super) fn path_names(&self) -> impl Iterator<Item = &str> {
        self.path.iter().map(|(name, _)| &**name)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.headers.is_empty()
            && self.forbidden.is_empty()
            && self.query.is_empty()
            && self.path.is_empty()
    }

    /// Whether some come out of the body.
    pub(super) fn reads_body(&self) -> bool {
        self.reads_body
    }

    /// The parameters of one request, its body left empty.
    pub(super) fn apply(&self, inbound: &Inbound<'_>) -> Result<MappedRequest, GatewayError> {
        if !self.reads_body {
            return self.fill(inbound.values);
        }
        self.fill(&WithBody::read(inbound.values, inbound.body)?)
    }

    fn fill(&self, values: &dyn Values) -> Result<MappedRequest, GatewayError> {
        if let Some((name, _)) =
            self.forbidden.iter().find(|(_, source)| source.value(values).is_some())
        {
            return Err(forbidden(name));
        }
        let mut mapped = MappedRequest::default();
        for (name, source) in &self.headers {
            if let Some(value) = source.value(values).and_then(|value| value.into_header()) {
                mapped.headers.push((name.clone(), value));
            }
        }
        for (name, source) in &self.query {
            if let Source::QueryList(from) = source {
                // A list stays a list: one parameter for each value.
                values.query_list(from, &mut |value| {
                    mapped.query.push((name.to_string(), value.to_owned()));
                });
            } else if let Some(value) = source.value(values) {
                mapped.query.push((name.to_string(), value.into_text()));
            }
        }
        for (name, source) in &self.path {
            if let Some(value) = source.value(values) {
                let mut encoded = Vec::new();
                value.push_path(&mut encoded);
                if let Ok(encoded) = String::from_utf8(encoded) {
                    mapped.path.push((name.to_string(), encoded));
                }
            }
        }
        few(mapped.headers.len(), "headers")?;
        Ok(mapped)
    }

    /// Bytes on the heap, roughly.
    pub(super) fn size_bytes(&self) -> usize {
        let count = self.headers.len() + self.forbidden.len() + self.query.len() + self.path.len();
        count * 128
    }
}

/// What a template has overridden wins over what is mapped.
pub(super) fn override_with(
    mapped: &mut MappedRequest,
    kind: IntegrationType,
) -> Result<(), GatewayError> {
    let overrides = &mapped.overrides.request;
    few(mapped.headers.len() + overrides.header.len(), "headers")?;
    few(overrides.querystring.len(), "overridden query parameters")?;
    few(overrides.path.len(), "overridden path parameters")?;
    for (name, values) in &overrides.header {
        let Ok(name) = name.parse::<HeaderName>() else { continue };
        if is_forbidden(&name, kind) {
            return Err(forbidden(&name));
        }
        mapped.headers.retain(|(mapped, _)| *mapped != name);
        if let Ok(value) = HeaderValue::from_str(&values.join(",")) {
            mapped.headers.push((name, value));
        }
    }
    for (name, values) in &overrides.querystring {
        mapped.query.retain(|(mapped, _)| mapped != name);
        mapped.query.extend(values.iter().map(|value| (name.clone(), value.clone())));
    }
    for (name, values) in &overrides.path {
        mapped.path.retain(|(mapped, _)| mapped != name);
        if let Some(encoded) = crate::source::encode_path(&values.join(",")) {
            mapped.path.push((name.clone(), encoded));
        }
    }
    Ok(())
}

fn forbidden(name: &HeaderName) -> GatewayError {
    configuration_error(format_args!("header {name} cannot be mapped"))
}
