//! The whole system from outside: real binaries, real Postgres, real sockets.
#![allow(clippy::unwrap_used, reason = "tests")]

mod aws;
mod backends;
mod busy;
mod canary;
mod cors;
mod documents;
mod domains;
mod exports;
mod functions;
mod gateway_responses;
mod golden;
mod headers;
mod hostile;
mod http;
mod invoke;
mod keys;
mod lambda;
mod load;
mod parts;
mod refusal;
mod replay;
mod rough;
mod story;
mod templates;
mod up;
mod validation;
