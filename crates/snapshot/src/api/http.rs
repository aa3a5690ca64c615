//! HTTP backends of methods.

use std::sync::Arc;

use http::HeaderName;

use crate::{RequestMapping, ResponseMapping, Source, Target};

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
    /// Whether its mappings read the client's body. Then requests are mapped
    /// with [`WithBody`](crate::WithBody).
    pub fn reads_body(&self) -> bool {
        let is_body = |(_, source): &(_, Source)| matches!(source, Source::Body(_));
        let mapped = self.mappings.as_deref().is_some_and(|mappings| {
            mappings.headers.iter().any(|(_, source)| matches!(source, Source::Body(_)))
                || mappings.query.iter().any(is_body)
        });
        mapped
            || match &self.uri {
                Uri::Fixed(target) => target.reads_body(),
                Uri::Variable { places, .. } => places.iter().any(is_body),
            }
    }
}
