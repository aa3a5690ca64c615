//! The whole system from outside: real binaries, real Postgres, real sockets.
#![allow(clippy::unwrap_used, reason = "tests")]

mod canary;
mod documents;
mod golden;
mod load;
mod refusal;
mod replay;
mod rough;
mod story;
mod up;
