//! What a function answers, payload format 1.0.
//!
//! Every member is optional and no other is allowed. The reader is strict
//! where recorded answers of the original are: what it refuses is answered
//! 502.

mod members;

use std::{borrow::Cow, fmt};

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde::Deserialize;

use self::members::{Members, Whole};
use crate::prelude::Prelude;

/// Largest event of a synchronous call and largest answer, in bytes: Lambda's
/// limit.
pub const MAX_PAYLOAD: usize = 6 * 1024 * 1024;

/// Base64 as people write it, with its padding or without.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An answer that is not in the format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub(crate) String);

impl Malformed {
    /// For this reason.
    pub fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

/// A function's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The status, 200 unless given.
    pub status: u16,
    /// Headers as the client gets them, those with lists first.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body as it was given; none is empty.
    pub body: Cow<'a, str>,
    /// The body stands for the bytes that it encodes.
    pub is_base64: bool,
}

impl<'a> Answer<'a> {
    /// Reads an answer.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn parse(payload: &'a [u8]) -> Result<Self, Malformed> {
        let members: Members<'a> = match serde_json::from_slice(payload) {
            Ok(Whole(members)) => members,
            // A function that streams, called without streaming: what stands
            // behind its head is not passed on.
            Err(error) => match Prelude::default().feed(&Bytes::copy_from_slice(head(payload))) {
                Ok(Some((head, _))) => return Ok(Answer { body: Cow::Borrowed(""), ..head }),
                _ => return Err(Malformed(error.to_string())),
            },
        };
        members.into_answer(false)
    }

    /// Reads the head of a streamed answer, which has other members.
    pub(crate) fn parse_head(head: &[u8]) -> Result<Answer<'static>, Malformed> {
        let read: Result<Whole<'_>, _> = serde_json::from_slice(head);
        let answer = match read {
            Ok(Whole(members)) => members.into_answer(true)?,
            Err(error) => return Err(Malformed(error.to_string())),
        };
        let Answer { status, headers, is_base64, .. } = answer;
        Ok(Answer { status, headers, body: Cow::Borrowed(""), is_base64 })
    }

    /// The body's bytes. A body in base64 is decoded only for clients that
    /// accept binary data; others get the text.
    ///
    /// # Errors
    /// It is not base64.
    pub fn into_body(self, accepts_binary: bool) -> Result<Bytes, Malformed> {
        if !(self.is_base64 && accepts_binary) {
            return Ok(Bytes::from(self.body.into_owned()));
        }
        let decoded = LENIENT.decode(&*self.body);
        decoded.map(Bytes::from).map_err(|error| Malformed(error.to_string()))
    }
}

/// The start of a payload in which the head of a streamed answer would stand.
fn head(payload: &[u8]) -> &[u8] {
    payload.get(..crate::prelude::MAX_PRELUDE).unwrap_or(payload)
}

/// The `errorMessage` of a function that failed.
pub fn function_error(payload: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Failed {
        #[serde(rename = "errorMessage")]
        message: Option<String>,
    }
    serde_json::from_slice::<Failed>(payload).ok()?.message
}
