//! Lambda functions on this machine, without containers.
//!
//! Two faces. Towards *runtimes* it speaks the Lambda Runtime API: each
//! execution environment is a process of the function's own runtime (Python's
//! `awslambdaric`, Rust's `lambda_runtime`, anything that asks for its next
//! invocation by HTTP) with a Runtime API of its own on a loopback port.
//! Towards *callers* it speaks the Lambda Invoke API: the gateway and every AWS
//! SDK reach it by `AWS_ENDPOINT_URL_LAMBDA`.
//!
//! What it refuses to do: it is a tool for a developer's machine. It does not
//! verify signatures, isolate functions from each other, or keep anything
//! across a restart.

mod catalog;
mod environment;
mod error;
mod functions;
mod http;
mod invoke;
mod journal;
mod name;
mod options;
mod pool;
mod queue;
mod runtime;
mod watch;

pub use catalog::{AliasTarget, Catalog, Code, Function, LATEST, Language};
pub use error::Error;
pub use functions::Functions;
pub use name::{FunctionRef, NotAFunction};
pub use options::{LogSink, Options, RuntimeClient, Source};
