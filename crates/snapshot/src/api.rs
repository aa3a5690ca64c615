//! A compiled deployment, independent of any stage.

use std::sync::Arc;

use gw_model::{ApiKeySource, GatewayResponseType, HttpMethod};
use gw_route::Router;
use http::{HeaderName, HeaderValue};

use crate::{Fault, GatewayResponses, Mock, Source, Target};

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

/// What a request must pass.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// Set when the authorization cannot be done: what to answer.
    pub authorization: Option<GatewayResponseType>,
    /// Set where an API key of a usage plan is needed: where it comes from.
    pub api_key: Option<ApiKeySource>,
    /// Parameters that must be there and not blank, in AWS's order.
    pub required: Box<[Required]>,
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

/// What answers a request.
#[derive(Debug)]
pub enum Integration {
    /// An HTTP backend, passed through.
    HttpProxy(Box<HttpProxy>),
    /// The gateway itself.
    Mock(Arc<Mock>),
    /// Poisoned: always this error.
    Refused(GatewayResponseType),
}

/// An HTTP backend.
#[derive(Debug)]
pub struct HttpProxy {
    /// The verb to send; `None` for the client's own.
    pub method: Option<http::Method>,
    /// Where to.
    pub uri: Uri,
    /// Headers and query parameters to set, if any.
    pub mappings: Option<Box<Mappings>>,
    /// From the call to the response's head, in milliseconds.
    pub timeout_ms: u32,
    /// `responseTransferMode` is `STREAM`, which lifts the size limit.
    pub is_streamed: bool,
    /// The certificate's issuer is not checked.
    pub insecure_skip_verification: bool,
    /// The VPC link that the backend is reached through, perhaps with
    /// `${stageVariables.x}` places.
    pub link: Option<Box<str>>,
}

/// A backend's address.
#[derive(Debug)]
pub enum Uri {
    /// Needs no stage variables.
    Fixed(Arc<Target>),
    /// Becomes an address when a stage is bound.
    Variable {
        /// With its `${stageVariables.x}` places.
        text: Box<str>,
        /// `integration.request.path.{name}` and where it comes from.
        places: Arc<[(Box<str>, Source)]>,
    },
}

/// Headers to set, with where their values come from.
pub type Headers = Box<[(HeaderName, Source)]>;

/// What an integration adds to a request.
#[derive(Debug, Default)]
pub struct Mappings {
    /// Overwrite the client's.
    pub headers: Headers,
    /// Are appended to the client's; names are percent-encoded already.
    pub query: Box<[(Box<str>, Source)]>,
}
