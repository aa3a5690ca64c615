//! Which Lambda function an integration invokes, and how.

use percent_encoding::utf8_percent_encode;

use crate::source::COMPONENT;

/// Behind `path/` in URIs of ordinary invocations.
const INVOKE: (&str, &str) = ("2015-03-31/functions/", "/invocations");
/// The same for invocations that stream their answer.
const STREAM: (&str, &str) = ("2021-11-15/functions/", "/response-streaming-invocations");

/// A Lambda function as an integration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LambdaTarget {
    /// The function's ARN as it is written, with its qualifier.
    pub arn: Box<str>,
    /// The account that the function is in.
    pub account: Box<str>,
    /// The region that the function is in.
    pub region: Box<str>,
    /// The function's name.
    pub function: Box<str>,
    /// A version or an alias.
    pub qualifier: Option<Box<str>>,
    /// The answer is streamed.
    pub is_streaming: bool,
    /// The path of the call, percent-encoded.
    pub path: Box<str>,
}

impl LambdaTarget {
    /// Reads the text behind `path/`; none if it is not an invocation.
    ///
    /// # Errors
    /// It is one of no function.
    pub(crate) fn of_path(path: &str, region: &str) -> Result<Option<Self>, String> {
        let path = path.trim_start_matches('/');
        let between = |(start, end): (&'static str, &'static str)| {
            path.strip_prefix(start)?.strip_suffix(end).map(|arn| (arn, start, end))
        };
        let (found, is_streaming) = match (between(INVOKE), between(STREAM)) {
            (Some(found), _) => (found, false),
            (None, Some(found)) => (found, true),
            (None, None) => return Ok(None),
        };
        let (arn, start, end) = found;
        let fault = |what: &str| format!("invalid function ARN {arn:?}: {what}");
        let parts: Vec<&str> = arn.split(':').collect();
        let (there, account, function, qualifier) = match parts[..] {
            ["arn", _, "lambda", there, account, "function", name] => (there, account, name, None),
            ["arn", _, "lambda", there, account, "function", name, qualifier] => {
                (there, account, name, Some(qualifier))
            }
            _ => return Err(fault("it is not arn:aws:lambda:{region}:{account}:function:{name}")),
        };
        if there != region {
            return Err(fault(&format!("the function is not in the URI's region {region}")));
        }
        if account.is_empty() || !account.bytes().all(|b| b.is_ascii_digit()) {
            return Err(fault("it has no account"));
        }
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if function.is_empty() || function.len() > 140 || !function.bytes().all(is_name) {
            return Err(fault("it has no function name"));
        }
        let is_qualifier = |text: &str| {
            text == "$LATEST"
                || (!text.is_empty() && text.len() <= 128 && text.bytes().all(is_name))
        };
        if qualifier.is_some_and(|text| !is_qualifier(text)) {
            return Err(fault("its version or alias is none"));
        }
        Ok(Some(Self {
            arn: arn.into(),
            account: account.into(),
            region: region.into(),
            function: function.into(),
            qualifier: qualifier.map(Into::into),
            is_streaming,
            path: format!("/{start}{}{end}", utf8_percent_encode(arn, COMPONENT)).into(),
        }))
    }

    /// Bytes on the heap.
    pub(crate) fn size_bytes(&self) -> usize {
        2 * self.arn.len() + self.path.len()
    }
}
