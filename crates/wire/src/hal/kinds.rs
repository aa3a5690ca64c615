//! The table of kinds, as AWS's reference shows their links.
//!
//! In a link, `$self` is the resource's own address, `$2` the first two
//! segments of it, and `$root` the API's root resource.

/// A kind of resource.
pub(super) struct Kind {
    /// The prefix of its relations.
    pub(super) name: &'static str,
    /// Its address, `*` for each id.
    pub(super) path: &'static str,
    /// The member that is the last segment of it.
    pub(super) id: &'static str,
    /// Where one links to.
    pub(super) links: &'static [(&'static str, &'static str)],
    /// Where a list of them links to.
    pub(super) list_links: &'static [(&'static str, &'static str)],
    /// Members that are resources.
    pub(super) embeds: &'static [Embed],
}

/// A member that is a resource, or a map of some.
pub(super) struct Embed {
    pub(super) member: &'static str,
    pub(super) relation: &'static str,
    /// The kind's name.
    pub(super) kind: &'static str,
    /// What follows the own address.
    pub(super) below: &'static str,
    /// Whether the member's keys name several.
    pub(super) is_map: bool,
}

impl Kind {
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// Whether this is the address of one.
    pub(super) fn matches(&self, segments: &[&str]) -> bool {
        let pattern: Vec<&str> = self.path.split('/').skip(1).collect();
        pattern.len() == segments.len()
            && pattern.iter().zip(segments).all(|(p, s)| *p == "*" || p == s)
    }

    /// Whether this is the address of their list.
    pub(super) fn matches_list(&self, segments: &[&str]) -> bool {
        let Some(list) = self.path.strip_suffix("/*") else { return false };
        let pattern: Vec<&str> = list.split('/').skip(1).collect();
        pattern.len() == segments.len()
            && pattern.iter().zip(segments).all(|(p, s)| *p == "*" || p == s)
    }
}

/// The page of the developer guide that explains a kind's relations, but for
/// the relation.
pub(super) fn doc_page(name: &str) -> String {
    match name {
        "account" => "account-apigateway".to_owned(),
        "integrationresponse" => "restapi-integration-response".to_owned(),
        "methodresponse" => "restapi-method-response".to_owned(),
        "gatewayresponse" => "restapi-gatewayresponse".to_owned(),
        name => format!("restapi-{name}"),
    }
}

const fn map(
    member: &'static str,
    relation: &'static str,
    kind: &'static str,
    below: &'static str,
) -> Embed {
    Embed { member, relation, kind, below, is_map: true }
}

/// A kind with nothing but links.
macro_rules! kind {
    ($name:literal, $path:literal, $id:literal,
     [$($link:expr),* $(,)?], [$($list:expr),* $(,)?] $(, $embed:expr)* $(,)?) => {
        Kind {
            name: $name,
            path: $path,
            id: $id,
            links: &[$($link),*],
            list_links: &[$($list),*],
            embeds: &[$($embed),*],
        }
    };
}

/// Every kind.
pub(super) const KINDS: &[Kind] = &[
    kind!(
        "restapi",
        "/restapis/*",
        "id",
        [
            ("authorizer:by-id", "$self/authorizers/{authorizer_id}"),
            ("authorizer:create", "$self/authorizers"),
            ("deployment:by-id", "$self/deployments/{deployment_id}{?embed}"),
            ("deployment:create", "$self/deployments"),
            ("documentationpart:by-id", "$self/documentation/parts/{part_id}"),
            ("documentationpart:create", "$self/documentation/parts"),
            ("documentationversion:by-version", "$self/documentation/versions/{doc_version}"),
            ("documentationversion:create", "$self/documentation/versions"),
            ("gatewayresponse:by-type", "$self/gatewayresponses/{response_type}"),
            ("gatewayresponse:put", "$self/gatewayresponses/{response_type}"),
            ("model:by-name", "$self/models/{model_name}?flatten=false"),
            ("model:create", "$self/models"),
            ("requestvalidator:by-id", "$self/requestvalidators/{requestvalidator_id}"),
            ("requestvalidator:create", "$self/requestvalidators"),
            ("resource:by-id", "$self/resources/{resource_id}{?embed}"),
            ("resource:create", "$self/resources/$root"),
            ("restapi:authorizers", "$self/authorizers"),
            ("restapi:delete", "$self"),
            ("restapi:deployments", "$self/deployments{?limit}"),
            ("restapi:documentation-parts", "$self/documentation/parts"),
            ("restapi:documentation-versions", "$self/documentation/versions"),
            ("restapi:gateway-responses", "$self/gatewayresponses"),
            ("restapi:models", "$self/models"),
            ("restapi:request-validators", "$self/requestvalidators"),
            ("restapi:resources", "$self/resources{?limit,embed}"),
            ("restapi:stages", "$self/stages{?deployment_id}"),
            ("restapi:update", "$self"),
            ("stage:by-name", "$self/stages/{stage_name}"),
            ("stage:create", "$self/stages"),
        ],
        [("restapi:by-id", "$self/{restapi_id}"), ("restapi:create", "$self")],
    ),
    kind!(
        "resource",
        "/restapis/*/resources/*",
        "id",
        [
            ("method:by-http-method", "$self/methods/{http_method}"),
            ("method:put", "$self/methods/{http_method}"),
            ("resource:create-child", "$self"),
            ("resource:delete", "$self"),
            ("resource:update", "$self"),
        ],
        [
            ("resource:by-id", "$self/{resource_id}{?embed}"),
            ("resource:create", "$self/{parent_id}"),
        ],
        map("resourceMethods", "resource:methods", "method", "/methods"),
    ),
    kind!(
        "method",
        "/restapis/*/resources/*/methods/*",
        "httpMethod",
        [
            ("integration:put", "$self/integration"),
            ("method:delete", "$self"),
            ("method:update", "$self"),
            ("methodresponse:put", "$self/responses/{status_code}"),
        ],
        [],
        Embed {
            member: "methodIntegration",
            relation: "method:integration",
            kind: "integration",
            below: "/integration",
            is_map: false,
        },
        map("methodResponses", "method:responses", "methodresponse", "/responses"),
    ),
    kind!(
        "methodresponse",
        "/restapis/*/resources/*/methods/*/responses/*",
        "statusCode",
        [("methodresponse:delete", "$self"), ("methodresponse:update", "$self")],
        [],
    ),
    kind!(
        "integration",
        "/restapis/*/resources/*/methods/*/integration",
        "-",
        [
            ("integration:delete", "$self"),
            ("integration:update", "$self"),
            ("integrationresponse:put", "$self/responses/{status_code}"),
        ],
        [],
        map("integrationResponses", "integration:responses", "integrationresponse", "/responses"),
    ),
    kind!(
        "integrationresponse",
        "/restapis/*/resources/*/methods/*/integration/responses/*",
        "statusCode",
        [("integrationresponse:delete", "$self"), ("integrationresponse:update", "$self")],
        [],
    ),
    kind!(
        "model",
        "/restapis/*/models/*",
        "name",
        [
            ("model:default-template", "$self/default_template"),
            ("model:delete", "$self"),
            ("model:update", "$self"),
        ],
        [("model:by-name", "$self/{model_name}?flatten=false"), ("model:create", "$self")],
    ),
    kind!(
        "requestvalidator",
        "/restapis/*/requestvalidators/*",
        "id",
        [("requestvalidator:delete", "$self"), ("requestvalidator:update", "$self")],
        [
            ("requestvalidator:by-id", "$self/{requestvalidator_id}"),
            ("requestvalidator:create", "$self"),
        ],
    ),
    kind!(
        "authorizer",
        "/restapis/*/authorizers/*",
        "id",
        [("authorizer:delete", "$self"), ("authorizer:update", "$self")],
        [("authorizer:by-id", "$self/{authorizer_id}"), ("authorizer:create", "$self")],
    ),
    kind!(
        "gatewayresponse",
        "/restapis/*/gatewayresponses/*",
        "responseType",
        [
            ("gatewayresponse:delete", "$self"),
            ("gatewayresponse:put", "$self"),
            ("gatewayresponse:update", "$self"),
        ],
        [("gatewayresponse:by-type", "$self/{response_type}")],
    ),
    kind!(
        "deployment",
        "/restapis/*/deployments/*",
        "id",
        [
            ("deployment:delete", "$self"),
            ("deployment:stages", "$2/stages{?deployment_id}"),
            ("deployment:update", "$self"),
        ],
        [("deployment:by-id", "$self/{deployment_id}{?embed}"), ("deployment:create", "$self")],
    ),
    kind!(
        "stage",
        "/restapis/*/stages/*",
        "stageName",
        [
            ("stage:delete", "$self"),
            ("stage:flush-authorizer-cache", "$self/cache/authorizers"),
            ("stage:flush-cache", "$self/cache/data"),
            ("stage:update", "$self"),
        ],
        [("stage:by-name", "$self/{stage_name}"), ("stage:create", "$self")],
    ),
    kind!(
        "documentationpart",
        "/restapis/*/documentation/parts/*",
        "id",
        [("documentationpart:delete", "$self"), ("documentationpart:update", "$self")],
        [
            ("documentationpart:by-id", "$self/{part_id}"),
            ("documentationpart:create", "$self"),
            ("documentationpart:import", "$self{?mode,failonwarnings}"),
        ],
    ),
    kind!(
        "documentationversion",
        "/restapis/*/documentation/versions/*",
        "version",
        [("documentationversion:delete", "$self"), ("documentationversion:update", "$self")],
        [
            ("documentationversion:by-version", "$self/{doc_version}"),
            ("documentationversion:create", "$self"),
        ],
    ),
    kind!(
        "apikey",
        "/apikeys/*",
        "id",
        [("apikey:delete", "$self"), ("apikey:update", "$self")],
        [
            ("apikey:by-key", "$self/{api_Key}"),
            ("apikey:create", "$self"),
            ("apikey:import", "$self?mode=import{&failonwarnings,format}"),
        ],
    ),
    kind!(
        "usageplan",
        "/usageplans/*",
        "id",
        [
            ("usage:get", "$self/usage{?keyId,startDate,endDate,limit}"),
            ("usageplan:delete", "$self"),
            ("usageplan:update", "$self"),
            ("usageplan:usageplankeys", "$self/keys"),
            ("usageplankey:create", "$self/keys"),
        ],
        [("usageplan:by-id", "$self/{usageplanId}"), ("usageplan:create", "$self")],
    ),
    kind!(
        "usageplankey",
        "/usageplans/*/keys/*",
        "id",
        [("usage:update", "$self/usage"), ("usageplankey:delete", "$self")],
        [("usageplankey:by-id", "$self/{keyId}"), ("usageplankey:create", "$self")],
    ),
    kind!(
        "domainname",
        "/domainnames/*",
        "domainName",
        [
            ("basepathmapping:by-base-path", "$self/basepathmappings/{base_path}"),
            ("basepathmapping:create", "$self/basepathmappings"),
            ("domainname:basepathmappings", "$self/basepathmappings"),
            ("domainname:delete", "$self"),
            ("domainname:update", "$self"),
        ],
        [("domainname:by-name", "$self/{domain_name}"), ("domainname:create", "$self")],
    ),
    kind!(
        "basepathmapping",
        "/domainnames/*/basepathmappings/*",
        "basePath",
        [("basepathmapping:delete", "$self"), ("basepathmapping:update", "$self")],
        [
            ("basepathmapping:by-base-path", "$self/{base_path}"),
            ("basepathmapping:create", "$self"),
        ],
    ),
    kind!(
        "clientcertificate",
        "/clientcertificates/*",
        "clientCertificateId",
        [("clientcertificate:delete", "$self"), ("clientcertificate:update", "$self")],
        [
            ("clientcertificate:by-id", "$self/{clientcertificate_id}"),
            ("clientcertificate:generate", "$self"),
        ],
    ),
    kind!(
        "vpclink",
        "/vpclinks/*",
        "id",
        [("vpclink:delete", "$self"), ("vpclink:update", "$self")],
        [("vpclink:by-id", "$self/{vpclink_id}"), ("vpclink:create", "$self")],
    ),
    kind!("usage", "/usageplans/*/usage", "-", [], []),
    kind!("account", "/account", "-", [("account:update", "$self")], []),
    kind!("tags", "/tags/*", "-", [("tags:tag", "$self"), ("tags:untag", "$self{?tagKeys}")], []),
];
