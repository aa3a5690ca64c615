//! The only SQL of the control plane.
//!
//! A [`Store`] opens transactions; every query is a method of [`Txn`], its
//! noun first (`stage_lock`, `release_append`), so that a resource's queries
//! sit together. A transaction gathers what a node could notice and takes its
//! revision as it commits, in its last statement: number order is commit order.
//! This crate decides nothing: who may do what, and when, is `gw-app`'s part.

mod api;
mod audit;
mod change;
mod credential;
mod deployment;
mod error;
mod lock;
mod method;
mod node;
mod part;
mod receipt;
mod release;
mod replica;
mod resource;
mod rollout;
mod stage;
mod txn;
mod working_copy;
mod world;

pub use api::{ApiRow, NewApi};
pub use audit::{Audit, AuditRow};
pub use change::LogPosition;
pub use credential::{AccessKeyRow, BearerTokenRow, CaRow};
pub use deployment::{ContentChunk, DeploymentRow};
pub use error::Error;
pub use lock::{Listener, Session};
pub use node::{JoinTokenRow, NewNode, NodeAck, NodeHello, NodeRow};
pub use receipt::{ReceiptRow, ReceiptState};
pub use release::{NewRelease, ReleaseRow, ReleaseState};
pub use resource::ResourceRow;
pub use rollout::{Commit, PendingRow, Rejection};
pub use stage::StageRow;
pub use txn::{Options, Store, Txn};
pub use world::{NodeFact, WorldChanges, WorldRow, WorldStage};
