//! Test calls, as data: sync receives and binds them, the pipeline runs them.
//! Neither knows the other, so their common words are here.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::HeaderMap;

use crate::CompiledStage;

/// One request to a method that need not be deployed.
#[derive(Debug, Clone)]
pub struct TestCall {
    /// Bound for this call alone, to an API with the called method and no
    /// other; its key is that of no real stage.
    pub stage: Arc<CompiledStage>,
    /// The resource whose method is called.
    pub resource_id: String,
    /// The verb; `ANY` is called as GET.
    pub method: String,
    /// Path and query behind the stage. A path that is not the resource's has
    /// no path variables; an empty one is the resource's own.
    pub path_with_query: String,
    /// In order; names may repeat. What is no header is left out.
    pub headers: Vec<(String, Bytes)>,
    /// The whole body.
    pub body: Bytes,
}

/// What came of a [`TestCall`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tested {
    /// The request's id.
    pub request_id: String,
    /// The status that a client would get.
    pub status: u16,
    /// The headers that a client would get.
    pub headers: HeaderMap,
    /// The body that a client would get.
    pub body: Bytes,
    /// The execution log.
    pub log: Vec<LogLine>,
    /// How long the request took.
    pub latency: Duration,
}

/// One line of an execution log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub at: SystemTime,
    /// What happened, in AWS's words.
    pub text: String,
    /// A line that AWS's log does not have.
    pub is_step: bool,
}
