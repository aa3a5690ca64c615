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
        account, api_keys, client_certificates, deployments, documentation, domains, export,
        import, integrations, mappings, methods, models, others, resources, rest_apis, stages,
        usage_plans, vpc_links,
    },
    error::ApiError,
    front::{Front, front},
    own::{certificates, cors, fleet, health, releases, state, vpc_targets},
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
    GET "/restapis/{rest_api}/stages/{id}/exports/{kind}" GetExport => export::get;
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
    POST "/restapis/{rest_api}/resources/{resource}/methods/{verb}" TestInvokeMethod => methods::test_invoke;
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
    GET "/restapis/{rest_api}/models/{id}/default_template" GetModelTemplate => models::template;
    POST "/restapis/{rest_api}/requestvalidators" CreateRequestValidator => others::create_request_validator;
    GET "/restapis/{rest_api}/requestvalidators" GetRequestValidators => others::request_validators;
    GET "/restapis/{rest_api}/requestvalidators/{id}" GetRequestValidator => others::request_validator;
    PATCH "/restapis/{rest_api}/requestvalidators/{id}" UpdateRequestValidator => others::update_request_validator;
    DELETE "/restapis/{rest_api}/requestvalidators/{id}" DeleteRequestValidator => others::delete_request_validator;
    // Authorizers
    POST "/restapis/{rest_api}/authorizers" CreateAuthorizer => others::create_authorizer;
    GET "/restapis/{rest_api}/authorizers" GetAuthorizers => others::authorizers;
    GET "/restapis/{rest_api}/authorizers/{id}" GetAuthorizer => others::authorizer;
    POST "/restapis/{rest_api}/authorizers/{id}" TestInvokeAuthorizer;
    PATCH "/restapis/{rest_api}/authorizers/{id}" UpdateAuthorizer => others::update_authorizer;
    DELETE "/restapis/{rest_api}/authorizers/{id}" DeleteAuthorizer => others::delete_authorizer;
    // Gateway responses
    GET "/restapis/{rest_api}/gatewayresponses" GetGatewayResponses => others::gateway_responses;
    GET "/restapis/{rest_api}/gatewayresponses/{id}" GetGatewayResponse => others::gateway_response;
    PUT "/restapis/{rest_api}/gatewayresponses/{id}" PutGatewayResponse => others::put_gateway_response;
    PATCH "/restapis/{rest_api}/gatewayresponses/{id}" UpdateGatewayResponse => others::update_gateway_response;
    DELETE "/restapis/{rest_api}/gatewayresponses/{id}" DeleteGatewayResponse => others::delete_gateway_response;
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
    POST "/restapis/{rest_api}/documentation/parts" CreateDocumentationPart => documentation::create_part;
    GET "/restapis/{rest_api}/documentation/parts" GetDocumentationParts => documentation::get_parts;
    PUT "/restapis/{rest_api}/documentation/parts" ImportDocumentationParts => documentation::import_parts;
    GET "/restapis/{rest_api}/documentation/parts/{id}" GetDocumentationPart => documentation::get_part;
    PATCH "/restapis/{rest_api}/documentation/parts/{id}" UpdateDocumentationPart => documentation::update_part;
    DELETE "/restapis/{rest_api}/documentation/parts/{id}" DeleteDocumentationPart => documentation::delete_part;
    POST "/restapis/{rest_api}/documentation/versions" CreateDocumentationVersion => documentation::create_version;
    GET "/restapis/{rest_api}/documentation/versions" GetDocumentationVersions => documentation::get_versions;
    GET "/restapis/{rest_api}/documentation/versions/{id}" GetDocumentationVersion => documentation::get_version;
    PATCH "/restapis/{rest_api}/documentation/versions/{id}" UpdateDocumentationVersion => documentation::update_version;
    DELETE "/restapis/{rest_api}/documentation/versions/{id}" DeleteDocumentationVersion => documentation::delete_version;
    // API keys, usage plans
    POST "/apikeys" CreateApiKey => api_keys::create;
    GET "/apikeys" GetApiKeys => api_keys::get_all;
    GET "/apikeys/{id}" GetApiKey => api_keys::get;
    PATCH "/apikeys/{id}" UpdateApiKey => api_keys::update;
    DELETE "/apikeys/{id}" DeleteApiKey => api_keys::delete;
    POST "/usageplans" CreateUsagePlan => usage_plans::create;
    GET "/usageplans" GetUsagePlans => usage_plans::get_all;
    GET "/usageplans/{id}" GetUsagePlan => usage_plans::get;
    PATCH "/usageplans/{id}" UpdateUsagePlan => usage_plans::update;
    DELETE "/usageplans/{id}" DeleteUsagePlan => usage_plans::delete;
    GET "/usageplans/{id}/usage" GetUsage;
    POST "/usageplans/{id}/keys" CreateUsagePlanKey => usage_plans::create_key;
    GET "/usageplans/{id}/keys" GetUsagePlanKeys => usage_plans::get_keys;
    GET "/usageplans/{id}/keys/{key}" GetUsagePlanKey => usage_plans::get_key;
    DELETE "/usageplans/{id}/keys/{key}" DeleteUsagePlanKey => usage_plans::delete_key;
    PATCH "/usageplans/{id}/keys/{key}/usage" UpdateUsage;
    // Custom domains
    POST "/domainnames" CreateDomainName => domains::create;
    GET "/domainnames" GetDomainNames => domains::get_all;
    GET "/domainnames/{id}" GetDomainName => domains::get;
    PATCH "/domainnames/{id}" UpdateDomainName => domains::update;
    DELETE "/domainnames/{id}" DeleteDomainName => domains::delete;
    POST "/domainnames/{id}/basepathmappings" CreateBasePathMapping => mappings::create;
    GET "/domainnames/{id}/basepathmappings" GetBasePathMappings => mappings::get_all;
    GET "/domainnames/{id}/basepathmappings/{path}" GetBasePathMapping => mappings::get;
    PATCH "/domainnames/{id}/basepathmappings/{path}" UpdateBasePathMapping => mappings::update;
    DELETE "/domainnames/{id}/basepathmappings/{path}" DeleteBasePathMapping => mappings::delete;
    POST "/domainnameaccessassociations" CreateDomainNameAccessAssociation => domains::associate;
    GET "/domainnameaccessassociations" GetDomainNameAccessAssociations => domains::associations;
    DELETE "/domainnameaccessassociations/{id}" DeleteDomainNameAccessAssociation => domains::dissociate;
    POST "/rejectdomainnameaccessassociations" RejectDomainNameAccessAssociation => domains::reject;
    // VPC links, client certificates, account, tags
    POST "/vpclinks" CreateVpcLink => vpc_links::create;
    GET "/vpclinks" GetVpcLinks => vpc_links::get_all;
    GET "/vpclinks/{id}" GetVpcLink => vpc_links::get;
    PATCH "/vpclinks/{id}" UpdateVpcLink => vpc_links::update;
    DELETE "/vpclinks/{id}" DeleteVpcLink => vpc_links::delete;
    POST "/clientcertificates" GenerateClientCertificate => client_certificates::generate;
    GET "/clientcertificates" GetClientCertificates => client_certificates::get_all;
    GET "/clientcertificates/{id}" GetClientCertificate => client_certificates::get;
    PATCH "/clientcertificates/{id}" UpdateClientCertificate => client_certificates::update;
    DELETE "/clientcertificates/{id}" DeleteClientCertificate => client_certificates::delete;
    GET "/account" GetAccount => account::get;
    PATCH "/account" UpdateAccount => account::update;
    GET "/tags/{arn}" GetTags => account::tags;
    PUT "/tags/{arn}" TagResource => account::tag;
    DELETE "/tags/{arn}" UntagResource => account::untag;
    // Gatewright's own
    GET "/gatewright/v1/health" Health => health::health;
    GET "/gatewright/v1/ready" Ready => health::ready;
    GET "/gatewright/v1/ca" CaCertificate => health::ca;
    GET "/gatewright/v1/identity" Identity => state::identity;
    GET "/gatewright/v1/fleet" Fleet => fleet::status;
    GET "/gatewright/v1/nodes/{node}" Node => fleet::node;
    DELETE "/gatewright/v1/nodes/{node}" ForgetNode => fleet::forget;
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
    GET "/gatewright/v1/restapis/{rest_api}/cors" ApiCors => cors::get;
    PUT "/gatewright/v1/restapis/{rest_api}/cors" PutApiCors => cors::put;
    DELETE "/gatewright/v1/restapis/{rest_api}/cors" DeleteApiCors => cors::delete;
    GET "/gatewright/v1/restapis/{rest_api}/resources/{resource}/cors" Cors => cors::get;
    PUT "/gatewright/v1/restapis/{rest_api}/resources/{resource}/cors" PutCors => cors::put;
    DELETE "/gatewright/v1/restapis/{rest_api}/resources/{resource}/cors" DeleteCors => cors::delete;
    GET "/gatewright/v1/ca/domains" DomainCaCertificate => certificates::ca;
    POST "/gatewright/v1/certificates" ImportCertificate => certificates::import;
    GET "/gatewright/v1/certificates" Certificates => certificates::get_all;
    GET "/gatewright/v1/certificates/{arn}" Certificate => certificates::get;
    DELETE "/gatewright/v1/certificates/{arn}" DeleteCertificate => certificates::delete;
    GET "/gatewright/v1/vpctargets" VpcTargets => vpc_targets::get_all;
    PUT "/gatewright/v1/vpctargets/{target}" PutVpcTarget => vpc_targets::put;
    DELETE "/gatewright/v1/vpctargets/{target}" DeleteVpcTarget => vpc_targets::delete;
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
