//! A Lambda function behind a method.

use super::Headers;
use crate::AwsAddress;

/// A Lambda function, called with the proxy event.
#[derive(Debug)]
pub struct Lambda {
    /// The function, and as whom it is called.
    pub address: AwsAddress,
    /// From the call to the answer, in milliseconds; where the answer is
    /// streamed, to its head.
    pub timeout_ms: u32,
    /// `responseTransferMode` is `STREAM`: the answer is passed on as the
    /// function writes it.
    pub is_streamed: bool,
    /// Headers of the call that the author sets. Only those that Lambda's
    /// Invoke knows are kept: no mapping reaches the event.
    pub headers: Headers,
}

impl Lambda {
    /// Bytes on the heap, roughly.
    pub(crate) fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.address.size_bytes() + self.headers.len() * 96
    }
}
