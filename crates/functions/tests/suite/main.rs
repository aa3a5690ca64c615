//! Functions from outside: real processes that speak the Runtime API, real
//! calls of the Invoke API.
#![allow(clippy::unwrap_used, reason = "tests")]

mod asynchronous;
mod environments;
mod invoke;
mod reads;
mod rough;
mod runtime;
mod scripts;
mod streaming;
mod support;
