//! A service of AWS behind a method.

use crate::{AwsAddress, RequestMapping, ResponseMapping};

/// A service of AWS: what it gets and what the client gets is mapped.
#[derive(Debug)]
pub struct Aws {
    /// Where to, and as whom.
    pub address: AwsAddress,
    /// The verb to send; `None` for the client's own.
    pub method: Option<http::Method>,
    /// The client's request -> the service's.
    pub request: RequestMapping,
    /// The service's answer -> the client's.
    pub response: ResponseMapping,
    /// From the call to the answer, in milliseconds.
    pub timeout_ms: u32,
}

impl Aws {
    /// Bytes on the heap, roughly.
    pub(crate) fn size_bytes(&self) -> usize {
        size_of::<Self>()
            + self.address.size_bytes()
            + self.request.size_bytes()
            + self.response.size_bytes()
    }
}
