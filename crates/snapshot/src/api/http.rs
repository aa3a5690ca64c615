//! HTTP backends of methods.

use std::sync::Arc;

use gw_model::ContentHandling;
use http::HeaderName;

use crate::{BodyPath, RequestMapping, ResponseMapping, Source, Target};

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
    /// What its mappings read from the client's body; requests are mapped with
    /// [`Picked`](crate::Picked) then.
    pub body_paths: Box<[Arc<BodyPath>]>,
    /// What is done to the client's body; for HTTP it is done by the mapping.
    pub content_handling: Option<ContentHandling>,
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

/// An HTTP backend whose requests and answers are mapped.
#[derive(Debug)]
pub struct Http {
    /// Where to and how; its own mappings are none.
    pub backend: HttpProxy,
    /// The client's request -> the backend's.
    pub request: RequestMapping,
    /// The backend's answer -> the client's.
    pub response: ResponseMapping,
}

impl Http {
    /// Bytes on the heap without the backend's, roughly.
    pub(crate) fn size_bytes(&self) -> usize {
        size_of::<RequestMapping>()
            + size_of::<ResponseMapping>()
            + self.request.size_bytes()
            + self.response.size_bytes()
    }
}

impl HttpProxy {
    /// Whether the client's body must be there as a whole.
    pub fn needs_body(&self) -> bool {
        !self.body_paths.is_empty() || self.content_handling.is_some()
    }
}

/// What mappings read from the client's body.
pub(crate) fn body_paths(
    mappings: Option<&Mappings>,
    places: &[(Box<str>, Source)],
) -> Box<[Arc<BodyPath>]> {
    let headers = mappings.map_or(&[][..], |mappings| &mappings.headers);
    let query = mappings.map_or(&[][..], |mappings| &mappings.query);
    let headers = headers.iter().map(|(_, source)| source);
    let others = query.iter().chain(places).map(|(_, source)| source);
    let paths = headers.chain(others).filter_map(|source| match source {
        Source::Body(path) => Some(Arc::clone(path)),
        _ => None,
    });
    paths.collect()
}
