//! Use cases of the control plane: one use case, one transaction.
//!
//! [`App`] is a clonable handle; its methods are the use cases, noun first.
//! Each takes the [`Caller`], decides, changes rows through `gw-store` in one
//! transaction, appends one audit row, and only then tells the fleet. Inputs
//! and answers are model types: this crate knows neither HTTP nor AWS's wire
//! format nor SQL.

mod account;
mod api_key;
mod app;
mod append;
mod audit;
mod authorizer;
mod bootstrap;
mod caller;
mod certificate;
mod check;
mod client_certificate;
mod clock;
mod cors;
mod credential;
mod deployment;
mod diff;
mod documentation;
mod documentation_version;
mod domain;
mod error;
mod export;
mod fact;
mod fleet;
mod gateway_response;
mod import;
mod input;
mod integration;
mod limits;
mod method;
mod model;
mod new_ids;
mod node;
mod page;
mod part;
mod release;
mod resource;
mod rest_api;
mod rollout;
mod seal;
mod stage;
mod tags;
mod test_invoke;
mod transact;
mod tree;
pub mod types;
mod usage_plan;
mod usage_plan_key;
mod vpc_link;
mod vpc_target;

pub use api_key::{ApiKeyQuery, ApiKeyView, NewApiKey};
pub use app::{App, Parts};
pub use bootstrap::AdminCredentials;
pub use caller::Caller;
pub use certificate::{CertificateView, NewCertificate, certificate_params, pem};
pub use clock::{Clock, Entropy, SystemClock, SystemEntropy};
pub use cors::{CorsScope, CorsView, ResourceCors};
pub use credential::Ca;
pub use documentation::{DocumentationFilter, DocumentationPartView};
pub use documentation_version::{DocumentationVersionView, NewDocumentationVersion};
pub use domain::{
    AssociationView, DomainKey, DomainOptions, DomainView, InlineCertificate, NewAssociation,
    NewDomain, UnknownCertificates,
};
pub use error::{Error, Kind};
pub use export::StageExport;
pub use fleet::{
    Fleet, LiveNode, NoFleet, NodeAnswer, NodeRequest, NodeRequestError, NodeState, ReleaseOutcome,
    ReleaseProgress,
};
pub use gateway_response::GatewayResponses;
pub use import::Built;
pub use input::*;
pub use limits::{InvalidQuota, Limits, Quota};
pub use method::MethodKey;
pub use new_ids::NewIds;
pub use node::{JoinRequest, Joined};
pub use rollout::{Committed, Rejected};
pub use seal::{InvalidMasterKey, MasterKey};
pub use tags::Tags;
pub use test_invoke::{TestCall, TestInvokeInput, TestLine, TestResult};
pub use types::*;
pub use usage_plan::UsagePlanView;
pub use usage_plan_key::{ImportedApiKey, ImportedApiKeys, UsagePlanKeyView};
pub use vpc_link::NewVpcLink;

/// What a use case answers.
pub type Result<T> = std::result::Result<T, Error>;

/// What `gw-fleet` needs of the store's rows.
pub mod world {
    pub use gw_store::{
        ContentChunk, FactRow, NodeAck, NodeFact, NodeHello, NodeRow, PendingRow, ReceiptRow,
        ReceiptState, WorldChanges, WorldRow, WorldStage,
    };
}
