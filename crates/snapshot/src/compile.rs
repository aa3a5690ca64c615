//! The declared form of an API -> [`CompiledApi`].

use std::{collections::HashMap, sync::Arc};

use gw_model::{
    Api, ConnectionType, GatewayResponseType as Type, HttpMethod, IntegrationType, Method,
    Resource, RestApi, name::PathPart,
};
use gw_route::Router;
use http::{HeaderName, HeaderValue, header};

use crate::{
    Checks, CompiledApi, CompiledResource, Fault, FaultKind, GatewayResponses, HttpProxy,
    Integration, Mappings, Mock, ParameterPlace, Required, Route, Source, Target, Uri,
    source::encode_query_name,
    uri::{Origins, has_variables},
};

/// What one API may cost. A release beyond is refused before it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Methods in one API.
    pub max_routes: usize,
    /// Estimated bytes of one compiled API.
    pub max_compiled_bytes: usize,
    /// Bytes of one compiled regular expression.
    pub max_regex_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_routes: 20_000, max_compiled_bytes: 256 << 20, max_regex_bytes: 256 << 10 }
    }
}

/// Compiles an API.
///
/// # Errors
/// Every fatal fault, together with the poisoned ones, ordered by place. If
/// there are only poisoned ones, they are the compiled API's
/// [`warnings`](CompiledApi::warnings).
pub fn compile(api: &Api, limits: &Limits) -> Result<CompiledApi, Vec<Fault>> {
    let Api::Rest(api) = api;
    Compiler { api, limits, faults: Vec::new(), origins: Origins::new(), mocks: HashMap::new() }
        .run()
}

struct Compiler<'a> {
    api: &'a RestApi,
    limits: &'a Limits,
    faults: Vec<Fault>,
    origins: Origins,
    /// Equal MOCKs, such as the CORS preflights of every resource, are one.
    mocks: HashMap<Vec<u8>, (Arc<Mock>, Vec<String>)>,
}

impl Compiler<'_> {
    fn run(mut self) -> Result<CompiledApi, Vec<Fault>> {
        let mut declared: Vec<&Resource> =
            self.api.resources.values().filter(|resource| !resource.methods.is_empty()).collect();
        declared.sort_by(|a, b| a.path.cmp(&b.path));
        let count: usize = declared.iter().map(|resource| resource.methods.len()).sum();
        if count == 0 {
            self.fatal("", "The REST API doesn't contain any methods");
        }
        if count > self.limits.max_routes {
            let reason = format!("{count} methods, at most {} allowed", self.limits.max_routes);
            self.fatal("", reason);
            return Err(self.faults);
        }
        let id_header = HeaderValue::from_str(self.api.id.as_str()).unwrap_or_else(|_| {
            self.fatal("", "the API's id is not a header value");
            HeaderValue::from_static("invalid")
        });
        let router = self.router(&declared);
        let gateway_responses =
            GatewayResponses::compile(&self.api.gateway_responses, &mut self.faults);
        let mut routes = Vec::with_capacity(count);
        let ids: HashMap<&str, &str> =
            self.api.resources.iter().map(|(id, r)| (r.path.as_str(), id.as_str())).collect();
        let mut resources = Vec::with_capacity(declared.len());
        for resource in declared {
            let id = ids.get(resource.path.as_str()).copied().unwrap_or_default();
            resources.push(self.resource(id, resource, &mut routes));
        }
        self.finish(id_header, router, resources, routes, gateway_responses)
    }

    fn finish(
        mut self,
        id_header: HeaderValue,
        router: Option<Router>,
        resources: Vec<CompiledResource>,
        routes: Vec<Route>,
        gateway_responses: GatewayResponses,
    ) -> Result<CompiledApi, Vec<Fault>> {
        let text: usize = resources.iter().map(|r| r.path.len() + r.id.len() + 48).sum();
        let mocks: usize = self.mocks.values().map(|(mock, _)| mock.size_bytes()).sum();
        let size_bytes = size_of::<CompiledApi>()
            + router.as_ref().map_or(0, Router::size_bytes)
            + text
            + mocks
            + self.origins.len() * 160
            + routes.iter().map(route_bytes).sum::<usize>();
        if size_bytes > self.limits.max_compiled_bytes {
            let limit = self.limits.max_compiled_bytes;
            self.fatal("", format!("compiled to {size_bytes} bytes, at most {limit} allowed"));
        }
        self.faults.sort();
        self.faults.dedup();
        let is_fatal = self.faults.iter().any(|fault| fault.kind == FaultKind::Fatal);
        let Some(router) = router.filter(|_| !is_fatal) else { return Err(self.faults) };
        Ok(CompiledApi {
            id: self.api.id.as_str().into(),
            id_header,
            default_endpoint_disabled: self.api.disable_execute_api_endpoint,
            router,
            resources: resources.into(),
            routes: routes.into(),
            gateway_responses: Arc::new(gateway_responses),
            warnings: self.faults.into(),
            size_bytes,
        })
    }

    fn fatal(&mut self, place: &str, reason: impl Into<String>) {
        self.faults.push(Fault::fatal(place, reason));
    }

    fn poison(&mut self, place: &str, reason: impl Into<String>) {
        self.faults.push(Fault::poisoned(place, reason));
    }

    fn router(&mut self, declared: &[&Resource]) -> Option<Router> {
        let templates = declared.iter().zip(0..).map(|(resource, n)| (resource.path.as_str(), n));
        match Router::build(templates) {
            Ok(router) => Some(router),
            Err(error) => {
                self.fatal("", error.to_string());
                None
            }
        }
    }

    fn resource(
        &mut self,
        id: &str,
        resource: &Resource,
        routes: &mut Vec<Route>,
    ) -> CompiledResource {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let first = number(routes.len());
        for (verb, method) in &resource.methods {
            let place = format!("{verb} {}", resource.path);
            routes.push(self.route(*verb, method, &place));
        }
        let parts = resource.path.split('/').filter_map(PathPart::parse);
        CompiledResource {
            id: id.into(),
            path: resource.path.as_str().into(),
            params: parts.filter_map(PathPart::variable).map(Into::into).collect(),
            routes: (first, number(routes.len())),
        }
    }

    fn route(&mut self, verb: HttpMethod, method: &Method, place: &str) -> Route {
        let checks = self.checks(method, place);
        let checks = (!checks.is_empty()).then(|| Box::new(checks));
        let integration = match &method.integration {
            Some(declared) => self.integration(declared, place),
            None => {
                self.fatal(place, "No integration defined for method");
                Integration::Refused(Type::ApiConfigurationError)
            }
        };
        Route { verb, checks, integration }
    }

    fn checks(&mut self, method: &Method, place: &str) -> Checks {
        let api_key = method.api_key_required.then_some(self.api.api_key_source);
        let mut checks = Checks { api_key, ..Checks::default() };
        if method.authorization_type != "NONE" {
            let kind = &method.authorization_type;
            self.poison(place, format!("authorization {kind} is not in this build"));
            checks.authorization = Some(Type::AuthorizerConfigurationError);
        } else if self.api.policy.as_deref().is_some_and(|policy| !policy.trim().is_empty()) {
            self.poison(place, "resource policies are not in this build");
            checks.authorization = Some(Type::AuthorizerConfigurationError);
        }
        let Some(id) = &method.request_validator_id else { return checks };
        let Some(validator) = self.api.request_validators.get(id) else {
            self.poison(place, format!("there is no request validator {id}"));
            checks.validation = Some(Type::ApiConfigurationError);
            return checks;
        };
        if validator.validate_request_body && !method.request_models.is_empty() {
            self.poison(place, "validation of bodies is not in this build");
            checks.validation = Some(Type::ApiConfigurationError);
        }
        if validator.validate_request_parameters {
            // Ordered by place and name, as the message lists them.
            let required = method.request_parameters.iter().filter(|(_, required)| **required);
            checks.required = required.filter_map(|(key, _)| required_of(key)).collect();
        }
        checks
    }

    fn integration(&mut self, declared: &gw_model::Integration, place: &str) -> Integration {
        let refused = Integration::Refused(Type::ApiConfigurationError);
        match declared.kind {
            IntegrationType::Mock => self.mock(declared, place),
            IntegrationType::HttpProxy => match self.http_proxy(declared) {
                Ok(proxy) => Integration::HttpProxy(Box::new(proxy)),
                Err(reasons) => {
                    for reason in reasons {
                        self.poison(place, reason);
                    }
                    refused
                }
            },
            kind => {
                let kind = kind.as_str();
                self.poison(place, format!("{kind} integrations are not in this build"));
                refused
            }
        }
    }

    fn mock(&mut self, declared: &gw_model::Integration, place: &str) -> Integration {
        let key = serde_json::to_vec(declared).unwrap_or_default();
        let (mock, reasons) = match self.mocks.entry(key) {
            std::collections::hash_map::Entry::Occupied(known) => known.get().clone(),
            std::collections::hash_map::Entry::Vacant(new) => {
                let mut reasons = Vec::new();
                let mock = Mock::compile(declared, self.limits, &mut |reason| reasons.push(reason));
                new.insert((Arc::new(mock), reasons)).clone()
            }
        };
        for reason in reasons {
            self.poison(place, reason);
        }
        Integration::Mock(mock)
    }

    fn http_proxy(&mut self, declared: &gw_model::Integration) -> Result<HttpProxy, Vec<String>> {
        let mut reasons = Vec::new();
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
        let (mappings, places) = mappings(declared, &mut reasons);
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
                mappings: (!mappings.headers.is_empty() || !mappings.query.is_empty())
                    .then(|| Box::new(mappings)),
                timeout_ms: declared.timeout_ms.max(1),
                is_streamed: declared.response_transfer_mode.as_deref() == Some("STREAM"),
                insecure_skip_verification: insecure,
                link,
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

type Places = Vec<(Box<str>, Source)>;

fn mappings(declared: &gw_model::Integration, reasons: &mut Vec<String>) -> (Mappings, Places) {
    let (mut headers, mut query, mut places) = (Vec::new(), Vec::new(), Places::new());
    for (target, expression) in &declared.request_parameters {
        let parts = target.strip_prefix("integration.request.").and_then(|t| t.split_once('.'));
        let source = Source::request(expression);
        match (parts, source) {
            (Some(("header", name)), Ok(source)) => match name.parse::<HeaderName>() {
                Ok(name) if is_forbidden(&name) => {
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

/// Names that AWS refuses to map at run time, and the hop-by-hop names, which
/// belong to our connection.
fn is_forbidden(name: &HeaderName) -> bool {
    matches!(
        *name,
        header::CONTENT_LENGTH
            | header::TRANSFER_ENCODING
            | header::CONNECTION
            | header::UPGRADE
            | header::TE
            | header::TRAILER
    ) || ["x-amzn-trace-id", "x-amzn-apigateway-api-id", "keep-alive", "proxy-connection"]
        .contains(&name.as_str())
}

fn required_of(key: &str) -> Option<Required> {
    let (place, name) = key.strip_prefix("method.request.")?.split_once('.')?;
    let place = match place {
        "header" | "multivalueheader" => ParameterPlace::Header(name.parse().ok()?),
        "path" => ParameterPlace::Path,
        "querystring" | "multivaluequerystring" => ParameterPlace::Query,
        _ => return None,
    };
    Some(Required { place, name: name.into() })
}

fn route_bytes(route: &Route) -> usize {
    let checks = route.checks.as_ref().map_or(0, |checks| {
        size_of::<Checks>() + checks.required.iter().map(|r| r.name.len() + 64).sum::<usize>()
    });
    let integration = match &route.integration {
        Integration::HttpProxy(proxy) => {
            let uri = match &proxy.uri {
                Uri::Fixed(target) => target.size_bytes(),
                Uri::Variable { text, places } => text.len() + places.len() * 80,
            };
            let mappings =
                proxy.mappings.as_ref().map_or(0, |m| (m.headers.len() + m.query.len()) * 96);
            let link = proxy.link.as_ref().map_or(0, |link| link.len());
            size_of::<HttpProxy>() + uri + mappings + link
        }
        Integration::Mock(_) | Integration::Refused(_) => 0,
    };
    size_of::<Route>() + checks + integration
}
