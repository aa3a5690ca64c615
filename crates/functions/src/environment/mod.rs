//! Execution environments: one process of a runtime each, with a Runtime API
//! of its own, taking one invocation at a time.
//!
//! ```text
//! cold start -> init -> ready <-> invoked -> (idle too long, changed code,
//!                 |                  |        timeout, crash, stop) -> gone
//!                 +-- init error, exit, timeout: the invocation fails --+
//! ```
//!
//! An environment is an actor: calls of its Runtime API, the end and the output
//! of its process, the clock and new jobs all reach one task, which alone
//! decides what they mean in its present state.

mod actor;
mod api;
mod output;
mod process;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use crate::catalog::Function;
use crate::runtime::Plan;

pub(crate) use actor::Environment;

/// The longest answer of a buffered invocation, in bytes: 6 MiB and 100.
pub(crate) const MAX_ANSWER: usize = 6_291_556;

/// The longest streamed answer, in bytes: 200 MiB.
pub(crate) const MAX_STREAM: usize = 200 << 20;

/// The type of an answer that breaks off.
const TRUNCATED: &str = "Runtime.TruncatedResponse";

/// How long a runtime may take until it asks for its first invocation, on top
/// of the function's timeout.
const INIT: Duration = Duration::from_secs(10);

/// What environments of one version are made of.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) function: Arc<Function>,
    pub(crate) version: String,
    pub(crate) plan: Plan,
    pub(crate) variables: Vec<(std::ffi::OsString, std::ffi::OsString)>,
}

/// An invocation on its way to a runtime. Dropped with its `reply` unsent, it
/// has never been handed out, and may be given to another environment.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) call: Call,
    /// Takes chunks as they come, if the caller wants them so.
    pub(crate) stream: Option<mpsc::Sender<Bytes>>,
    pub(crate) reply: oneshot::Sender<Outcome>,
}

/// What a runtime is told of an invocation.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The request id.
    pub(crate) id: String,
    pub(crate) payload: Bytes,
    /// The function's ARN as it was called.
    pub(crate) arn: String,
    /// The value of `X-Amzn-Trace-Id`.
    pub(crate) trace: String,
    /// JSON, decoded.
    pub(crate) client_context: Option<String>,
}

/// How an invocation ended.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// The answer; empty where it was streamed.
    pub(crate) answer: Result<Bytes, Failure>,
    /// The last 4 KiB of what was logged.
    pub(crate) log: Bytes,
}

/// A function's or its runtime's failure. To the caller it is an answer too.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// Such as `Runtime.ExitError`.
    pub(crate) kind: String,
    /// What the caller gets, JSON.
    pub(crate) body: Bytes,
    /// `Unhandled`, but for runtimes that say `Handled`.
    pub(crate) class: &'static str,
}

impl Failure {
    /// A failure in our words.
    pub(crate) fn new(kind: &str, message: &str) -> Self {
        let body = json!({ "errorType": kind, "errorMessage": message });
        Self { kind: kind.to_owned(), body: Bytes::from(body.to_string()), class: "Unhandled" }
    }

    /// A failure with the request's id before its message, as Lambda says them.
    pub(crate) fn of(id: &str, kind: &str, message: &str) -> Self {
        Self::new(kind, &format!("RequestId: {id} Error: {message}"))
    }

    /// A failure in the words of a runtime: its error type, if it told one, and
    /// its body, which should be JSON and then goes to the caller as it is.
    pub(crate) fn told(kind: Option<&str>, body: Bytes) -> Self {
        let read: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
        let within = read.as_ref().and_then(|b| b.get("errorType")?.as_str().map(str::to_owned));
        let class = match kind {
            Some(kind) if kind.eq_ignore_ascii_case("handled") => "Handled",
            _ => "Unhandled",
        };
        let kind = within.or(kind.map(str::to_owned)).unwrap_or("Runtime.Unknown".to_owned());
        match read {
            Some(_) => Self { kind, body, class },
            None => Self { class, ..Self::new(&kind, &String::from_utf8_lossy(&body)) },
        }
    }

    fn too_large(most: usize) -> Self {
        let text =
            format!("Response payload size exceeded maximum allowed payload size ({most} bytes).");
        Self::new("Function.ResponseSizeTooLarge", &text)
    }
}

/// What the Runtime API gives for a next invocation.
#[derive(Debug)]
struct Work {
    call: Call,
    /// When the runtime is stopped, in milliseconds since 1970.
    deadline_ms: i128,
}

/// A call of the Runtime API that its state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// The id is not the current invocation's.
    Id,
    /// Not now.
    State,
}

/// How the answer to the current invocation is to be received.
#[derive(Debug)]
struct Receive {
    stream: Option<mpsc::Sender<Bytes>>,
}

/// The Runtime API's way to its actor.
///
/// Unbounded, so that what a runtime has said counts even if it hangs up at
/// once: nothing waits between the last byte of an answer and its
/// [`Ask::End`]. It stays short nevertheless: a connection has one ask under
/// way, an end follows a granted beginning only, and the actor hears asks in
/// whatever state it is.
type Asks = mpsc::UnboundedSender<Ask>;

/// What a runtime asks of its environment.
#[derive(Debug)]
enum Ask {
    /// Give me the next invocation.
    Next(oneshot::Sender<Result<Work, Wrong>>),
    /// I begin to answer this one.
    Begin { id: String, granted: oneshot::Sender<Result<Receive, Wrong>> },
    /// This is the whole answer, or how it failed.
    End(Result<Bytes, Failure>),
    /// I cannot start.
    InitError { failure: Failure, granted: oneshot::Sender<Result<(), Wrong>> },
}

/// What an invocation took, for its report.
#[derive(Debug)]
struct Taken {
    since: Instant,
    init: Option<Duration>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn failures_keep_the_runtime_s_words() {
        let body = Bytes::from_static(br#"{"errorMessage":"no","errorType":"KeyError"}"#);
        let told = Failure::told(Some("Unhandled"), body.clone());
        assert_eq!((told.kind.as_str(), told.class), ("KeyError", "Unhandled"));
        assert_eq!(told.body, body);
        assert_eq!(Failure::told(Some("handled"), body).class, "Handled");
        let odd = Failure::told(Some("Mine"), Bytes::from_static(b"not json"));
        assert_eq!(odd.body, r#"{"errorType":"Mine","errorMessage":"not json"}"#.as_bytes());
        assert_eq!(Failure::told(None, Bytes::from_static(b"{}")).kind, "Runtime.Unknown");
        let exit = Failure::of("1", "Runtime.ExitError", "Runtime exited");
        let text = r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 1 Error: Runtime exited"}"#;
        assert_eq!(exit.body, text.as_bytes());
    }
}
