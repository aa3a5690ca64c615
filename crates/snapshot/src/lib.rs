//! Compiles a declared API to what a proxy runs, or to the list of what is
//! wrong with it.
//!
//! Three steps, each cheaper and more frequent than the one before:
//! [`compile`] turns the content of a deployment into a [`CompiledApi`];
//! [`CompiledStage::bind`] joins compiled deployments with one release of a
//! stage, so that requests format as little as possible; [`World::with`] puts
//! stages into the map that requests are looked up in, copying only what
//! changed, and [`World::with_facts`] what nodes hold beside them.
//!
//! A fault is either *fatal* (AWS refuses the deployment) or *poisoned* (AWS
//! deploys it and answers with its run-time error; so does the compiled
//! route). The crate is pure: control plane and nodes run the same code and
//! agree on what is wrong. What only a request knows comes in through
//! [`Values`].

mod api;
mod aws_service;
mod aws_target;
mod aws_uri;
mod bodies;
mod compile;
mod context;
mod facts;
mod fault;
mod gateway;
mod lambda_arn;
mod mapping;
mod mock;
mod prepared;
mod shards;
mod source;
mod stage;
mod test_call;
mod text;
mod throttle;
mod uri;
mod world;

pub use api::{
    Aws, Checks, CompiledApi, CompiledResource, Headers, Http, HttpProxy, Integration, Lambda,
    Mappings, ParameterPlace, Required, Route, Uri,
};
pub use aws_service::{AwsProtocol, AwsService};
pub use aws_target::{AwsAddress, AwsTarget};
pub use aws_uri::{AwsCall, AwsText, AwsUri, InvalidAwsUri};
pub use bodies::Bodies;
pub use compile::{Limits, compile};
pub use context::{ContextKind, ContextVar, Values, joined};
pub use facts::{
    ApiKey, ClientCertificate, Domain, DomainCertificate, Facts, Place, UnreadableFact, VpcLink,
};
pub use fault::{Fault, FaultKind};
pub use gateway::{GatewayError, GatewayResponses, Moment, Rendered, media_type};
pub use lambda_arn::LambdaTarget;
pub use mapping::{
    BinaryMediaTypes, BodyPath, Event, Inbound, MappedRequest, MappedResponse, Outcome, Picked,
    Record, RequestMapping, ResponseMapping, Selector, WithBody, convert_request,
};
pub use mock::Mock;
pub use source::{Source, Value};
pub use stage::{Bound, Canary, CompiledStage};
pub use test_call::{LogLine, TestCall, Tested};
pub use text::Text;
pub use throttle::Throttle;
pub use uri::{InvalidAddress, Origin, Piece, Target, fill_variables};
pub use world::World;
