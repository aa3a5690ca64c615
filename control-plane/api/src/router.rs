//! The table of contents: every call, one line each.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    routing::{MethodFilter, MethodRouter, on},
};
use gw_app::App;

use crate::{
    Api, Config,
    aws::{
        deployments, import, integrations, methods, models, others, resources, rest_apis, stages,
    },
    error::ApiError,
    front::{Front, front},
    own::{fleet, health, releases, state},
};

/// A call of the admin API, for tables over all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// AWS's name, or ours.
    pub name: &'static str,
    /// The verb.
    pub method: &'static str,
    /// The path, with places in braces.
    pub path: &'static str,
    /// Whether this version has it; the others answer a 400 that says so.
    pub available: bool,
}

/// Builds the table of operations and the router from the same lines.
macro_rules! operations {
    ($($method:ident $path:literal $name:ident $(=> $handler:path)?;)*) => {
        /// Every operation of this API, in the order of AWS's reference. One
        /// path and verb serves `CreateRestApi` and `ImportRestApi`.
        pub const OPERATIONS: &[Operation] = &[$(Operation {
            name: stringify!($name),
            method: stringify!($method),
            path: $path,
            available: [$(stringify!($handler),)? ""].len() == 2,
        },)*];

        fn routes() -> Router {
            let mut router = Router::new();
            $(router = router.route(
                $path,
                operations!(@route $method $name $($handler)?),
            );)*
            router
        }
    };
    (@route $method:ident $name:ident $handler:path) => { on(MethodFilter::$method, $handler) };
    (@route $method:ident $name:ident) => { later(MethodFilter::$method, stringify!($name)) };
}

operations! {
    // REST APIs
    POST "/restapis" CreateRestApi => rest_apis::create;
    GET "/restapis" GetRestApis => rest_apis::get_all;
    GET "/restapis/{rest_api}" GetRestApi => rest_apis::get;
    PUT "/restapis/{rest_api}" PutRestApi => import::put;
    PATCH "/restapis/{rest_api}" UpdateRestApi => rest_apis::update;
    DELETE "/restapis/{rest_api}" DeleteRestApi => rest_apis::delete;
    GET "/restapis/{rest_api}/stages/{id}/exports/{kind}" GetExport;
    GET "/restapis/{rest_api}/stages/{id}/sdks/{kind}" GetSdk;
    GET "/sdktypes" GetSdkTypes;
    GET "/sdktypes/{id}" GetSdkType;
    // Resources
    POST "/restapis/{rest_api}/resources/{id}" CreateResource => resources::create;
    GET "/restapis/{rest_api}/resources" GetResources => resources::get_all;
    GET "/restapis/{rest_api}/resources/{id}" GetResource => resources::get;
    PATCH "/restapis/{rest_api}/resources/{id}" UpdateResource => resources::update;
    DELETE "/restapis/{rest_api}/resources/{id}" DeleteResource => resources::delete;
    // Methods
    PUT "/restapis/{rest_api}/resources/{resource}/methods/{verb}" PutMethod => methods::put;
    GET "/restapis/{rest_api}/resources/{resource}/methods/{verb}" GetMethod => methods::get;
    PATCH "/restapis/{rest_api}/resources/{resource}/methods/{verb}" UpdateMethod => methods::update;
    DELETE "/restapis/{rest_api}/resources/{resource}/methods/{verb}" DeleteMethod => methods::delete;
    POST "/restapis/{rest_api}/resources/{resource}/methods/{verb}" TestInvokeMethod;
    PUT "/restapis/{rest_api}/resources/{resource}/methods/{verb}/responses/{status}" PutMethodResponse => methods::put_response;
    GET "/restapis/{rest_api}/resources/{resource}/methods/{verb}/responses/{status}" GetMethodResponse => methods::get_response;
    PATCH "/restapis/{rest_api}/resources/{resource}/methods/{verb}/responses/{status}" UpdateMethodResponse => methods::update_response;
    DELETE "/restapis/{rest_api}/resources/{resource}/methods/{verb}/responses/{status}" DeleteMethodResponse => methods::delete_response;
    // Integrations
    PUT "/restapis/{rest_api}/resources/{resource}/methods/{verb}/integration" PutIntegration => integrations::put;
    GET "/restapis/{rest_api}/resources/{resource}/methods/{verb}/integration" GetIntegration => integrations::get;
    PATCH "/restapis/{rest_api}/resources/{resource}/methods/{verb}/integration" UpdateIntegration => integrations::update;
    DELETE "/restapis/{rest_api}/resources/{resource}/methods/{verb}/integration" DeleteIntegration => integrations::delete;
    PUT "/restapis/{rest_api}/resources/{resource}/methods/{verb}/integration/responses/{status}" PutIntegrationResponse => integrations::put_response;
    GET "/restapis/{rest_api}/resources/{resource}/methods/{verb}/integration/responses/{status}" GetIntegrationResponse => integrations::get_response;
    PATCH "/restapis/{rest_api}/resources/{resource}/methods/{verb}/integration/responses/{status}" UpdateIntegrationResponse => integrations::update_response;
    DELETE "/restapis/{rest_api}/resources/{resource}/methods/{verb}/integration/responses/{status}" DeleteIntegrationResponse => integrations::delete_response;
    // Models, validators
    POST "/restapis/{rest_api}/models" CreateModel => models::create;
    GET "/restapis/{rest_api}/models" GetModels => models::get_all;
    GET "/restapis/{rest_api}/models/{id}" GetModel => models::get;
    PATCH "/restapis/{rest_api}/models/{id}" UpdateModel => models::update;
    DELETE "/restapis/{rest_api}/models/{id}" DeleteModel => models::delete;
    GET "/restapis/{rest_api}/models/{id}/default_template" GetModelTemplate;
    POST "/restapis/{rest_api}/requestvalidators" CreateRequestValidator;
    GET "/restapis/{rest_api}/requestvalidators" GetRequestValidators => others::request_validators;
    GET "/restapis/{rest_api}/requestvalidators/{id}" GetRequestValidator => others::request_validator;
    PATCH "/restapis/{rest_api}/requestvalidators/{id}" UpdateRequestValidator;
    DELETE "/restapis/{rest_api}/requestvalidators/{id}" DeleteRequestValidator;
    // Authorizers
    POST "/restapis/{rest_api}/authorizers" CreateAuthorizer;
    GET "/restapis/{rest_api}/authorizers" GetAuthorizers => others::authorizers;
    GET "/restapis/{rest_api}/authorizers/{id}" GetAuthorizer => others::authorizer;
    POST "/restapis/{rest_api}/authorizers/{id}" TestInvokeAuthorizer;
    PATCH "/restapis/{rest_api}/authorizers/{id}" UpdateAuthorizer;
    DELETE "/restapis/{rest_api}/authorizers/{id}" DeleteAuthorizer;
    // Gateway responses
    GET "/restapis/{rest_api}/gatewayresponses" GetGatewayResponses => others::gateway_responses;
    GET "/restapis/{rest_api}/gatewayresponses/{id}" GetGatewayResponse => others::gateway_response;
    PUT "/restapis/{rest_api}/gatewayresponses/{id}" PutGatewayResponse;
    PATCH "/restapis/{rest_api}/gatewayresponses/{id}" UpdateGatewayResponse;
    DELETE "/restapis/{rest_api}/gatewayresponses/{id}" DeleteGatewayResponse;
    // Deployments
    POST "/restapis/{rest_api}/deployments" CreateDeployment => deployments::create;
    GET "/restapis/{rest_api}/deployments" GetDeployments => deployments::get_all;
    GET "/restapis/{rest_api}/deployments/{id}" GetDeployment => deployments::get;
    PATCH "/restapis/{rest_api}/deployments/{id}" UpdateDeployment => deployments::update;
    DELETE "/restapis/{rest_api}/deployments/{id}" DeleteDeployment => deployments::delete;
    // Stages
    POST "/restapis/{rest_api}/stages" CreateStage => stages::create;
    GET "/restapis/{rest_api}/stages" GetStages => stages::get_all;
    GET "/restapis/{rest_api}/stages/{id}" GetStage => stages::get;
    PATCH "/restapis/{rest_api}/stages/{id}" UpdateStage => stages::update;
    DELETE "/restapis/{rest_api}/stages/{id}" DeleteStage => stages::delete;
    DELETE "/restapis/{rest_api}/stages/{id}/cache/authorizers" FlushStageAuthorizersCache;
    DELETE "/restapis/{rest_api}/stages/{id}/cache/data" FlushStageCache;
    // Documentation
    POST "/restapis/{rest_api}/documentation/parts" CreateDocumentationPart;
    GET "/restapis/{rest_api}/documentation/parts" GetDocumentationParts;
    PUT "/restapis/{rest_api}/documentation/parts" ImportDocumentationParts;
    GET "/restapis/{rest_api}/documentation/parts/{id}" GetDocumentationPart;
    PATCH "/restapis/{rest_api}/documentation/parts/{id}" UpdateDocumentationPart;
    DELETE "/restapis/{rest_api}/documentation/parts/{id}" DeleteDocumentationPart;
    POST "/restapis/{rest_api}/documentation/versions" CreateDocumentationVersion;
    GET "/restapis/{rest_api}/documentation/versions" GetDocumentationVersions;
    GET "/restapis/{rest_api}/documentation/versions/{id}" GetDocumentationVersion;
    PATCH "/restapis/{rest_api}/documentation/versions/{id}" UpdateDocumentationVersion;
    DELETE "/restapis/{rest_api}/documentation/versions/{id}" DeleteDocumentationVersion;
    // API keys, usage plans
    POST "/apikeys" CreateApiKey;
    GET "/apikeys" GetApiKeys;
    GET "/apikeys/{id}" GetApiKey;
    PATCH "/apikeys/{id}" UpdateApiKey;
    DELETE "/apikeys/{id}" DeleteApiKey;
    POST "/usageplans" CreateUsagePlan;
    GET "/usageplans" GetUsagePlans;
    GET "/usageplans/{id}" GetUsagePlan;
    PATCH "/usageplans/{id}" UpdateUsagePlan;
    DELETE "/usageplans/{id}" DeleteUsagePlan;
    GET "/usageplans/{id}/usage" GetUsage;
    POST "/usageplans/{id}/keys" CreateUsagePlanKey;
    GET "/usageplans/{id}/keys" GetUsagePlanKeys;
    GET "/usageplans/{id}/keys/{key}" GetUsagePlanKey;
    DELETE "/usageplans/{id}/keys/{key}" DeleteUsagePlanKey;
    PATCH "/usageplans/{id}/keys/{key}/usage" UpdateUsage;
    // Custom domains
    POST "/domainnames" CreateDomainName;
    GET "/domainnames" GetDomainNames;
    GET "/domainnames/{id}" GetDomainName;
    PATCH "/domainnames/{id}" UpdateDomainName;
    DELETE "/domainnames/{id}" DeleteDomainName;
    POST "/domainnames/{id}/basepathmappings" CreateBasePathMapping;
    GET "/domainnames/{id}/basepathmappings" GetBasePathMappings;
    GET "/domainnames/{id}/basepathmappings/{path}" GetBasePathMapping;
    PATCH "/domainnames/{id}/basepathmappings/{path}" UpdateBasePathMapping;
    DELETE "/domainnames/{id}/basepathmappings/{path}" DeleteBasePathMapping;
    POST "/domainnameaccessassociations" CreateDomainNameAccessAssociation;
    GET "/domainnameaccessassociations" GetDomainNameAccessAssociations;
    DELETE "/domainnameaccessassociations/{id}" DeleteDomainNameAccessAssociation;
    POST "/rejectdomainnameaccessassociations" RejectDomainNameAccessAssociation;
    // VPC links, client certificates, account, tags
    POST "/vpclinks" CreateVpcLink;
    GET "/vpclinks" GetVpcLinks;
    GET "/vpclinks/{id}" GetVpcLink;
    PATCH "/vpclinks/{id}" UpdateVpcLink;
    DELETE "/vpclinks/{id}" DeleteVpcLink;
    POST "/clientcertificates" GenerateClientCertificate;
    GET "/clientcertificates" GetClientCertificates;
    GET "/clientcertificates/{id}" GetClientCertificate;
    PATCH "/clientcertificates/{id}" UpdateClientCertificate;
    DELETE "/clientcertificates/{id}" DeleteClientCertificate;
    GET "/account" GetAccount;
    PATCH "/account" UpdateAccount;
    GET "/tags/{arn}" GetTags => rest_apis::tags;
    PUT "/tags/{arn}" TagResource => rest_apis::tag;
    DELETE "/tags/{arn}" UntagResource => rest_apis::untag;
    // Gatewright's own
    GET "/gatewright/v1/health" Health => health::health;
    GET "/gatewright/v1/ready" Ready => health::ready;
    GET "/gatewright/v1/ca" CaCertificate => health::ca;
    GET "/gatewright/v1/identity" Identity => state::identity;
    GET "/gatewright/v1/fleet" Fleet => fleet::status;
    GET "/gatewright/v1/nodes/{node}" Node => fleet::node;
    POST "/gatewright/v1/nodes/{node}/cordon" CordonNode => fleet::cordon;
    POST "/gatewright/v1/nodes/{node}/uncordon" UncordonNode => fleet::uncordon;
    POST "/gatewright/v1/nodes/{node}/drain" DrainNode => fleet::drain;
    POST "/gatewright/v1/jointokens" JoinToken => fleet::join_token;
    GET "/gatewright/v1/restapis/{rest_api}/stages/{stage}/releases" History => releases::history;
    GET "/gatewright/v1/restapis/{rest_api}/stages/{stage}/releases/{number}" Release => releases::get;
    GET "/gatewright/v1/restapis/{rest_api}/stages/{stage}/releases/{number}/watch" WatchRelease => releases::watch;
    GET "/gatewright/v1/restapis/{rest_api}/deployments/{id}/receipts" DeploymentReceipts => releases::receipts;
    POST "/gatewright/v1/restapis/{rest_api}/stages/{stage}/rollback" Rollback => releases::rollback;
    POST "/gatewright/v1/restapis/{rest_api}/stages/{stage}/promote-canary" PromoteCanary => releases::promote_canary;
    POST "/gatewright/v1/restapis/{rest_api}/stages/{stage}/stop-canary" StopCanary => releases::stop_canary;
    GET "/gatewright/v1/restapis/{rest_api}/diff" Diff => state::diff;
    GET "/gatewright/v1/restapis/{rest_api}/changes" Changes => state::changes;
    GET "/gatewright/v1/audit" Audit => state::audit;
}

/// An operation of AWS that this version does not have.
fn later(method: MethodFilter, name: &'static str) -> MethodRouter {
    on(method, move || async move { Err::<(), _>(ApiError::Unavailable(name)) })
}

async fn unknown() -> ApiError {
    ApiError::UnknownOperation
}

/// The admin API over these use cases.
pub fn router(app: App, config: Config) -> Router {
    let api = Arc::new(Api { app, config });
    let routes = routes()
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        // The front door has its own, per call.
        .layer(DefaultBodyLimit::disable())
        .layer(Extension(Arc::clone(&api)));
    Router::new().fallback(front).with_state(Front { api, routes })
}
