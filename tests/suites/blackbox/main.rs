//! The whole system from outside: real binaries, real Postgres, real sockets.
#![allow(clippy::unwrap_used, reason = "tests")]

mod backends;
mod busy;
mod canary;
mod documents;
mod domains;
mod exports;
mod functions;
mod golden;
mod keys;
mod load;
mod parts;
mod refusal;
mod replay;
mod rough;
mod story;
mod up;
