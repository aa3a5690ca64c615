//! The declared form of an API -> [`CompiledApi`].
//!
//! One file for what stands before the integrations, and one for each kind of
//! integration. A kind's function gives the compiled integration, or every
//! reason why all of its requests will fail; what makes only some of them fail
//! it reports by itself, with [`Compiler::poison`].

mod aws;
mod checks;
mod http;
mod lambda;
mod mock;

use std::{collections::HashMap, sync::Arc};

use ::http::HeaderValue;
use gw_model::{
    Api, EndpointType, GatewayResponseType as Type, HttpMethod, IntegrationType, Method, Resource,
    RestApi, name::PathPart,
};
use gw_route::Router;

use crate::{
    BinaryMediaTypes, CompiledApi, CompiledResource, Fault, FaultKind, GatewayResponses,
    Integration, Mock, Route, uri::Origins,
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
    /// Bytes of one mapping template. AWS's limit.
    pub max_template_bytes: usize,
    /// What one rendering of a template may take.
    pub template: gw_template::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_routes: 20_000,
            max_compiled_bytes: 256 << 20,
            max_regex_bytes: 256 << 10,
            max_template_bytes: 300 << 10,
            template: gw_template::Limits::default(),
        }
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
    let compiler = Compiler {
        api,
        limits,
        binary: Arc::new(BinaryMediaTypes::new(&api.binary_media_types)),
        faults: Vec::new(),
        origins: Origins::new(),
        mocks: HashMap::new(),
        schemas: checks::schemas(api),
    };
    compiler.run()
}

/// One compilation.
struct Compiler<'a> {
    api: &'a RestApi,
    limits: &'a Limits,
    binary: Arc<BinaryMediaTypes>,
    faults: Vec<Fault>,
    origins: Origins,
    /// Equal MOCKs, such as the CORS preflights of every resource, are one.
    mocks: HashMap<Vec<u8>, (Arc<Mock>, Vec<String>)>,
    /// The models that bodies are held against.
    schemas: gw_schema::Compiler<'a>,
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
        let schemas = self.schemas.finish();
        let size_bytes = size_of::<CompiledApi>()
            + schemas.size_bytes()
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
            binary: self.binary,
            schemas: Arc::new(schemas),
            minimum_compression_size: self.api.minimum_compression_size_bytes,
            is_edge: self.api.endpoint_configuration.endpoint_type == EndpointType::Edge,
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

    fn integration(&mut self, declared: &gw_model::Integration, place: &str) -> Integration {
        let compiled = match declared.kind {
            IntegrationType::Mock => return self.mock(declared, place),
            IntegrationType::HttpProxy => self.http_proxy(declared),
            IntegrationType::Http => self.http(declared, place),
            IntegrationType::AwsProxy => self.lambda(declared, place),
            IntegrationType::Aws => self.aws(declared, place),
        };
        compiled.unwrap_or_else(|reasons| {
            for reason in reasons {
                self.poison(place, reason);
            }
            Integration::Refused(Type::ApiConfigurationError)
        })
    }
}

/// Roughly the bytes of a route.
fn route_bytes(route: &Route) -> usize {
    let checks = route.checks.as_deref().map_or(0, checks::size_bytes);
    let integration = match &route.integration {
        Integration::HttpProxy(proxy) => http::size_bytes(proxy),
        Integration::Http(declared) => declared.size_bytes() + http::size_bytes(&declared.backend),
        Integration::Lambda(lambda) => lambda.size_bytes(),
        Integration::Aws(aws) => aws.size_bytes(),
        // MOCKs are shared, and counted by themselves.
        Integration::Mock(_) | Integration::Refused(_) => 0,
    };
    size_of::<Route>() + checks + integration
}
