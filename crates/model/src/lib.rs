//! What users declare: APIs with their resources, methods and integrations;
//! stages with their settings and releases; and the one canonical encoding in
//! which a deployment is stored and travels.
//!
//! This crate is pure. It reads no clock, no file and no network, and it does
//! not know AWS's wire format (`gw-wire` does) nor how a proxy runs an API
//! (`gw-snapshot` does).

pub mod api;
pub mod digest;
pub mod encode;
pub mod gateway_response;
pub mod id;
pub mod method;
pub mod name;
pub mod revision;
pub mod stage;
pub mod world;

pub use api::{
    Api, ApiKeySource, Authorizer, ConnectionType, ContentHandling, EndpointConfiguration,
    EndpointType, Integration, IntegrationResponse, IntegrationType, Method, MethodResponse, Model,
    PassthroughBehavior, RequestValidator, Resource, RestApi,
};
pub use digest::Digest;
pub use gateway_response::{GatewayResponse, GatewayResponseType};
pub use id::{
    AccountId, ApiId, AuthorizerId, DeploymentId, ModelName, NodeId, Region, ResourceId, Scope,
    StageName, ValidatorId,
};
pub use method::HttpMethod;
pub use revision::{Epoch, Revision};
pub use stage::{
    AccessLogSettings, CanaryRelease, MethodSetting, Release, ReleaseNumber, StageSettings,
    Variables,
};
pub use world::{ResourceName, RootDigest, StageKey};
