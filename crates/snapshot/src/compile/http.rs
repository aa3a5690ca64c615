//! HTTP backends: HTTP_PROXY and HTTP.

use std::sync::Arc;

use gw_model::ConnectionType;
use http::HeaderName;

use super::Compiler;
use crate::{
    Http, HttpProxy, Integration, Mappings, RequestMapping, ResponseMapping, Source, Target, Uri,
    api::body_paths, mapping::is_forbidden, source::encode_query_name, uri::has_variables,
};

impl Compiler<'_> {
    pub(super) fn http_proxy(
        &mut self,
        declared: &gw_model::Integration,
    ) -> Result<Integration, Vec<String>> {
        let mut reasons = Vec::new();
        let (mappings, places) = mappings(declared, &mut reasons);
        let some = !mappings.headers.is_empty() || !mappings.query.is_empty();
        let mappings = some.then_some(mappings);
        let body_paths = body_paths(mappings.as_ref(), &places);
        let mut backend = self.backend(declared, mappings, places, reasons)?;
        backend.body_paths = body_paths;
        backend.content_handling = declared.content_handling;
        Ok(Integration::HttpProxy(Box::new(backend)))
    }

    /// HTTP: what the backend gets and what the client gets is mapped.
    pub(super) fn http(
        &mut self,
        declared: &gw_model::Integration,
        place: &str,
    ) -> Result<Integration, Vec<String>> {
        let mut faults = Vec::new();
        let mut fault = |reason| faults.push(reason);
        let request = RequestMapping::compile(declared, &self.binary, self.limits, &mut fault);
        let response = ResponseMapping::compile(declared, &self.binary, self.limits, &mut fault);
        let mapped = |name: &str| (name.into(), Source::Mapped(name.into()));
        let mut places: Places = request.path_names().map(mapped).collect();
        if request.may_override() {
            // A template may fill what no mapping does.
            let uri = declared.uri.as_deref().unwrap_or_default();
            places.extend(names_in(uri).map(mapped));
        }
        let backend = match self.backend(declared, None, places, Vec::new()) {
            Ok(backend) => backend,
            Err(reasons) => return Err([reasons, faults].concat()),
        };
        for reason in faults {
            self.poison(place, reason);
        }
        Ok(Integration::Http(Box::new(Http { backend, request, response })))
    }

    fn backend(
        &mut self,
        declared: &gw_model::Integration,
        mappings: Option<Mappings>,
        places: Places,
        mut reasons: Vec<String>,
    ) -> Result<HttpProxy, Vec<String>> {
        let method = match declared.http_method.as_deref() {
            None | Some("ANY") => None,
            Some(verb) => match http::Method::from_bytes(verb.as_bytes()) {
                Ok(method) if method != http::Method::CONNECT => Some(method),
                _ => {
                    reasons.push(format!("{verb:?} is not a verb"));
                    None
                }
            },
        };
        let link = link(declared, &mut reasons);
        let insecure = declared.insecure_skip_verification.unwrap_or_default();
        let uri = match declared.uri.as_deref().filter(|uri| !uri.is_empty()) {
            None => {
                reasons.push("the integration has no URI".to_owned());
                None
            }
            Some(text) if has_variables(text) => {
                Some(Uri::Variable { text: text.into(), places: places.into() })
            }
            Some(text) => match Target::parse(text, &places, insecure, &mut self.origins) {
                Ok(target) => Some(Uri::Fixed(Arc::new(target))),
                Err(error) => {
                    reasons.push(error.to_string());
                    None
                }
            },
        };
        match uri {
            Some(uri) if reasons.is_empty() => Ok(HttpProxy {
                method,
                uri,
                mappings: mappings.map(Box::new),
                timeout_ms: declared.timeout_ms.max(1),
                is_streamed: declared.asks_to_stream(),
                insecure_skip_verification: insecure,
                link,
                body_paths: Box::default(),
                content_handling: None,
            }),
            _ => Err(reasons),
        }
    }
}

/// The VPC link that an integration names, if it goes through one.
fn link(declared: &gw_model::Integration, reasons: &mut Vec<String>) -> Option<Box<str>> {
    if declared.connection_type != ConnectionType::VpcLink {
        return None;
    }
    let named = declared.connection_id.as_deref().filter(|id| !id.is_empty());
    if named.is_none() {
        reasons.push("the integration names no VPC link".to_owned());
    }
    named.map(Into::into)
}

/// The `{name}`s of an address.
fn names_in(uri: &str) -> impl Iterator<Item = &str> {
    let places = uri.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    places.map(|(name, _)| name).filter(|name| !name.starts_with("stageVariables."))
}

type Places = Vec<(Box<str>, Source)>;

fn mappings(declared: &gw_model::Integration, reasons: &mut Vec<String>) -> (Mappings, Places) {
    let (mut headers, mut query, mut places) = (Vec::new(), Vec::new(), Places::new());
    for (target, expression) in &declared.request_parameters {
        let parts = target.strip_prefix("integration.request.").and_then(|t| t.split_once('.'));
        let source = Source::request(expression);
        match (parts, source) {
            (Some(("header", name)), Ok(source)) => match name.parse::<HeaderName>() {
                Ok(name) if is_forbidden(&name, declared.kind) => {
                    reasons.push(format!("header {name} cannot be mapped"));
                }
                Ok(name) => headers.push((name, source)),
                Err(_) => reasons.push(format!("invalid header name {name:?}")),
            },
            (Some(("querystring", name)), Ok(source)) => {
                query.push((encode_query_name(name), source));
            }
            (Some(("path", name)), Ok(source)) => places.push((name.into(), source)),
            (_, Ok(_)) => reasons.push(format!("{target:?} is not a mapping target")),
            (_, Err(reason)) => reasons.push(reason),
        }
    }
    (Mappings { headers: headers.into(), query: query.into() }, places)
}

/// Roughly the bytes of a backend.
pub(super) fn size_bytes(proxy: &HttpProxy) -> usize {
    let uri = match &proxy.uri {
        Uri::Fixed(target) => target.size_bytes(),
        Uri::Variable { text, places } => text.len() + places.len() * 80,
    };
    let mappings = proxy.mappings.as_ref().map_or(0, |m| (m.headers.len() + m.query.len()) * 96);
    let link = proxy.link.as_ref().map_or(0, |link| link.len());
    let paths = size_of_val(&*proxy.body_paths);
    size_of::<HttpProxy>() + uri + mappings + link + paths
}
