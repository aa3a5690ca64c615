//! What users declare: APIs with their resources, methods and integrations;
//! stages with their settings and releases; and the one canonical encoding in
//! which a deployment is stored and travels.
//!
//! This crate is pure. It reads no clock, no file and no network, and it does
//! not know AWS's wire format (`gw-wire` does) nor how a proxy runs an API
//! (`gw-snapshot` does).

pub mod account;
pub mod api;
pub mod authorizer;
pub mod check;
pub mod cors;
pub mod digest;
pub mod documentation;
pub mod domain;
pub mod encode;
pub mod fact;
pub mod gateway_response;
pub mod id;
pub mod integration;
pub mod method;
pub mod name;
pub mod plan;
pub mod policy;
pub mod revision;
pub mod stage;
pub mod taggable;
pub mod target;
pub mod world;

pub use account::AccountSettings;
pub use api::{
    Api, ApiKeySource, EndpointConfiguration, EndpointType, Method, MethodResponse, Model,
    RequestValidator, Resource, RestApi,
};
pub use authorizer::{Authorizer, JwtClaim, JwtConfiguration, JwtIssuer};
pub use cors::Cors;
pub use digest::Digest;
pub use documentation::{
    Documentation, DocumentationLocation, DocumentationPart, DocumentationType,
};
pub use domain::{BasePathMapping, DomainName, MutualTls, RoutingMode};
pub use fact::FactName;
pub use gateway_response::{GatewayResponse, GatewayResponseType};
pub use id::{
    AccountId, ApiId, AuthorizerId, DeploymentId, DocumentationPartId, DocumentationVersionName,
    ModelName, NodeId, Region, ResourceId, Scope, StageName, ValidatorId,
};
pub use integration::{
    ConnectionType, ContentHandling, Integration, IntegrationResponse, IntegrationType,
    PassthroughBehavior,
};
pub use method::HttpMethod;
pub use plan::{ApiKey, PlanStage, PlanThrottle, Quota, QuotaPeriod, UsagePlan};
pub use revision::{Epoch, Revision};
pub use stage::{
    AccessLogSettings, CanaryRelease, MethodSetting, Release, ReleaseNumber, StageSettings,
    Variables,
};
pub use taggable::Taggable;
pub use target::TargetAddress;
pub use world::{ResourceName, RootDigest, StageKey};
