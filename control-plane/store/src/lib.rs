//! The only SQL of the control plane.
//!
//! A [`Store`] opens transactions; every query is a method of [`Txn`], its
//! noun first (`stage_lock`, `release_append`), so that a resource's queries
//! sit together. A transaction gathers what a node could notice and takes its
//! revision as it commits, in its last statement: number order is commit order.
//! This crate decides nothing: who may do what, and when, is `gw-app`'s part.

mod account;
mod api;
mod api_key;
mod audit;
mod certificate;
mod change;
mod client_certificate;
mod credential;
mod deployment;
mod documentation;
mod domain;
mod error;
mod fact;
mod former_node;
mod lock;
mod mapping;
mod method;
mod node;
mod part;
mod receipt;
mod release;
mod replica;
mod resource;
mod rollout;
mod scoped;
mod stage;
mod tags;
mod txn;
mod usage_plan;
mod usage_plan_key;
mod vpc_link;
mod working_copy;
mod world;

pub use api::{ApiRow, NewApi};
pub use api_key::{ApiKeyFilter, ApiKeyRow};
pub use audit::{Audit, AuditRow};
pub use certificate::CertificateRow;
pub use change::LogPosition;
pub use client_certificate::ClientCertificateRow;
pub use credential::{AccessKeyRow, BearerTokenRow, CaRow};
pub use deployment::{ContentChunk, DeploymentRow};
pub use documentation::DocumentationVersionRow;
pub use domain::{DomainCertificateRow, DomainRow};
pub use error::Error;
pub use fact::FactRow;
pub use lock::{Listener, Session};
pub use mapping::{AssociationRow, NO_BASE_PATH};
pub use node::{JoinTokenRow, NewNode, NodeAck, NodeHello, NodeRow, NodeStanding};
pub use receipt::{ReceiptRow, ReceiptState, UnservedRow};
pub use release::{NewRelease, ReleaseRow, ReleaseState};
pub use resource::ResourceRow;
pub use rollout::{Commit, PendingRow, Rejection};
pub use stage::StageRow;
pub use txn::{Options, Store, Txn};
pub use usage_plan::UsagePlanRow;
pub use usage_plan_key::{PlanConflict, PlannedKey};
pub use vpc_link::{LinkUse, VpcLinkRow, VpcTargetRow};
pub use world::{NodeFact, WorldChanges, WorldRow, WorldStage};
