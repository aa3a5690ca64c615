//! The admin API over a real Postgres, without nodes.
#![allow(clippy::unwrap_used, reason = "tests")]

mod auth;
mod boto3;
mod coverage;
mod harness;
mod own;
mod stories;
