//! A compiled deployment, independent of any stage.

mod aws;
mod http;
mod lambda;

use std::sync::Arc;

use ::http::{HeaderName, HeaderValue};
use gw_model::{ApiKeySource, GatewayResponseType, HttpMethod};
use gw_route::Router;
use gw_schema::Schemas;

use crate::{
    AwsAddress, BinaryMediaTypes, Bodies, Fault, GatewayResponses, Mock, RequestMapping,
    ResponseMapping,
};

pub use aws::Aws;
pub(crate) use http::body_paths;
pub use http::{Headers, Http, HttpProxy, Mappings, Uri};
pub use lambda::Lambda;

/// A compiled deployment. Immutable, and shared by every stage and release
/// that names its content.
#[derive(Debug)]
pub struct CompiledApi {
    pub(crate) id: Box<str>,
    pub(crate) id_header: HeaderValue,
    pub(crate) default_endpoint_disabled: bool,
    pub(crate) router: Router,
    pub(crate) resources: Box<[CompiledResource]>,
    pub(crate) routes: Box<[Route]>,
    pub(crate) gateway_responses: Arc<GatewayResponses>,
    pub(crate) binary: Arc<BinaryMediaTypes>,
    pub(crate) schemas: Arc<Schemas>,
    pub(crate) minimum_compression_size: Option<u32>,
    pub(crate) is_edge: bool,
    pub(crate) warnings: Box<[Fault]>,
    pub(crate) size_bytes: usize,
}

impl CompiledApi {
    /// The API's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The API's id as the value of `X-Amzn-Apigateway-Api-Id`.
    pub fn id_header(&self) -> &HeaderValue {
        &self.id_header
    }

    /// Whether requests on the default host are refused.
    pub fn is_default_endpoint_disabled(&self) -> bool {
        self.default_endpoint_disabled
    }

    /// The matcher for the part of a path behind the stage.
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// The resource with the number that the router reported.
    pub fn resource(&self, number: u32) -> Option<&CompiledResource> {
        self.resources.get(number as usize)
    }

    /// The route of a verb on a resource, with its number: the verb's own,
    /// else that of `ANY`.
    pub fn route(&self, resource: &CompiledResource, verb: HttpMethod) -> Option<(u32, &Route)> {
        let routes = self.routes.get(resource.routes.0 as usize..resource.routes.1 as usize)?;
        let own = routes.iter().position(|route| route.verb == verb);
        let at = own.or_else(|| routes.iter().position(|route| route.verb == HttpMethod::Any))?;
        let number = resource.routes.0 + u32::try_from(at).ok()?;
        routes.get(at).map(|route| (number, route))
    }

    /// The route of that number.
    pub fn numbered(&self, route: u32) -> Option<&Route> {
        self.routes.get(route as usize)
    }

    /// All routes, each with its resource.
    pub fn routes(&self) -> impl Iterator<Item = (&CompiledResource, &Route)> {
        self.resources.iter().flat_map(|resource| {
            let range = resource.routes.0 as usize..resource.routes.1 as usize;
            self.routes.get(range).unwrap_or_default().iter().map(move |route| (resource, route))
        })
    }

    /// How errors are answered.
    pub fn gateway_responses(&self) -> &GatewayResponses {
        &self.gateway_responses
    }

    /// Whether its default endpoint is edge-optimised: AWS's network in front of
    /// it spells the names of headers `X-Like-This`.
    pub fn is_edge(&self) -> bool {
        self.is_edge
    }

    /// Which bodies are binary.
    pub fn binary(&self) -> &Arc<BinaryMediaTypes> {
        &self.binary
    }

    /// The schemas that bodies are held against, by the ids of [`Bodies`].
    pub fn schemas(&self) -> &Arc<Schemas> {
        &self.schemas
    }

    /// The smallest answer that is compressed, in bytes; `None` compresses
    /// nothing and undoes no compression.
    pub fn minimum_compression_size(&self) -> Option<u32> {
        self.minimum_compression_size
    }

    /// The poisoned faults, ordered by place.
    pub fn warnings(&self) -> &[Fault] {
        &self.warnings
    }

    /// Roughly the bytes it occupies in memory.
    pub fn size_bytes(&self) -> usize {
        self.size_bytes
    }
}

/// A resource with at least one method. Resources without any are only
/// prefixes of others and match nothing.
#[derive(Debug)]
pub struct CompiledResource {
    /// The resource's id.
    pub id: Box<str>,
    /// The template, such as `/pets/{id}`.
    pub path: Box<str>,
    /// The names of its variables, in the order of the router's captures.
    pub params: Box<[Box<str>]>,
    /// Its routes: a range of the API's.
    pub(crate) routes: (u32, u32),
}

/// What a resource answers for one verb.
#[derive(Debug)]
pub struct Route {
    /// The declared verb, possibly `ANY`.
    pub verb: HttpMethod,
    /// What stands before the integration; `None` lets every request pass.
    pub checks: Option<Box<Checks>>,
    /// What answers.
    pub integration: Integration,
}

/// What a request must pass between its route and its integration.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// Set when the authorization cannot be done: what to answer.
    pub authorization: Option<GatewayResponseType>,
    /// Set where an API key of a usage plan is needed: where it comes from.
    pub api_key: Option<ApiKeySource>,
    /// Parameters that must be there and not blank, in AWS's order.
    pub required: Box<[Required]>,
    /// Set where bodies are validated: what they must be.
    pub bodies: Option<Bodies>,
    /// Set when the validation cannot be done: what to answer.
    pub validation: Option<GatewayResponseType>,
}

impl Checks {
    /// Whether every request passes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A parameter that must be there.
#[derive(Debug, PartialEq, Eq)]
pub struct Required {
    /// Where.
    pub place: ParameterPlace,
    /// Its name as declared, for the message.
    pub name: Box<str>,
}

/// Where a parameter of a request is.
#[derive(Debug, PartialEq, Eq)]
pub enum ParameterPlace {
    /// In the header of this name; names are compared without case, as the
    /// case that the client sent is not kept.
    Header(HeaderName),
    /// In the path.
    Path,
    /// In the query string.
    Query,
}

/// What answers the requests of a route.
#[derive(Debug)]
pub enum Integration {
    /// An HTTP backend, passed through.
    HttpProxy(Box<HttpProxy>),
    /// An HTTP backend, mapped.
    Http(Box<Http>),
    /// The gateway itself.
    Mock(Arc<Mock>),
    /// A Lambda function, called with the proxy event.
    Lambda(Box<Lambda>),
    /// A service of AWS, mapped.
    Aws(Box<Aws>),
    /// Poisoned: always this error.
    Refused(GatewayResponseType),
}

impl Integration {
    /// The HTTP backend of HTTP and HTTP_PROXY.
    pub fn http_backend(&self) -> Option<&HttpProxy> {
        match self {
            Self::HttpProxy(proxy) => Some(proxy),
            Self::Http(http) => Some(&http.backend),
            _ => None,
        }
    }

    /// The address of an integration that calls AWS.
    pub fn aws_address(&self) -> Option<&AwsAddress> {
        match self {
            Self::Lambda(lambda) => Some(&lambda.address),
            Self::Aws(aws) => Some(&aws.address),
            _ => None,
        }
    }

    /// What maps requests and answers of HTTP and AWS.
    pub fn mappings(&self) -> Option<(&RequestMapping, &ResponseMapping)> {
        match self {
            Self::Http(http) => Some((&http.request, &http.response)),
            Self::Aws(aws) => Some((&aws.request, &aws.response)),
            _ => None,
        }
    }

    /// Whether the client's body must be there as a whole before it answers.
    pub fn needs_body(&self) -> bool {
        match self {
            Self::HttpProxy(proxy) => proxy.needs_body(),
            Self::Mock(mock) => mock.needs_body(),
            Self::Http(_) | Self::Lambda(_) | Self::Aws(_) => true,
            Self::Refused(_) => false,
        }
    }
}

impl Route {
    /// Whether a request's body must be there as a whole before it is handled.
    pub fn needs_body(&self) -> bool {
        let is_validated = self.checks.as_ref().is_some_and(|checks| checks.bodies.is_some());
        is_validated || self.integration.needs_body()
    }
}
