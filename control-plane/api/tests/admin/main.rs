//! The admin API over a real Postgres, without nodes.
#![allow(clippy::unwrap_used, reason = "tests")]

mod auth;
mod beside;
mod boto3;
mod certificates;
mod chance;
mod cors;
mod coverage;
mod documentation;
mod domains;
mod export;
mod harness;
mod invoke;
mod keys;
mod own;
mod parts;
mod stories;
mod unknown;
