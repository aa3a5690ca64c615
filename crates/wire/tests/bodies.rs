//! Bodies as clients send them, and answers as AWS gives them.
#![allow(clippy::unwrap_used, reason = "tests")]

use gw_model::{
    ApiId, DeploymentId, Digest, GatewayResponseType, HttpMethod, Integration, IntegrationType,
    Method, Release, ReleaseNumber, StageSettings,
};
use gw_wire::{
    FaultKind, FromBody,
    aws::{
        self, CreateDeployment, CreateModel, CreateResource, CreateRestApi, CreateStage,
        PutIntegration, PutIntegrationResponse, PutMethod, RestApiExtras, StageExtras,
    },
};
use serde_json::json;

#[test]
fn refusals() {
    fn refuse<T: FromBody>(text: &str) -> (FaultKind, String) {
        let fault = T::parse(text.as_bytes()).err().unwrap();
        (fault.kind, fault.message)
    }
    use FaultKind::{Serialization, Validation};
    let endpoint = r#"{"name":"n","endpointConfiguration":{"types":["WRONG"]}}"#;
    for ((kind, message), expected_kind, expected) in [
        (
            refuse::<CreateRestApi>(r#"{"name":true}"#),
            Serialization,
            "class java.lang.Boolean can not be converted to an String",
        ),
        (
            refuse::<CreateRestApi>(r#"{"name":{}}"#),
            Serialization,
            "Start of structure or map found where not expected",
        ),
        (refuse::<CreateRestApi>("[]"), Serialization, "Expected a JSON object as request body"),
        (
            refuse::<CreateRestApi>("{"),
            Serialization,
            "Could not parse request body into json: EOF while parsing an object at line 1 column 1",
        ),
        (
            refuse::<CreateRestApi>("{}"),
            Validation,
            "1 validation error detected: Value null at 'createRestApiInput.name' failed to \
             satisfy constraint: Member must not be null",
        ),
        (
            refuse::<CreateRestApi>(endpoint),
            Validation,
            "1 validation error detected: Value '[WRONG]' at \
             'createRestApiInput.endpointConfiguration.types' failed to satisfy constraint: Member \
             must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, EDGE, \
             REGIONAL]]",
        ),
        (
            refuse::<PutIntegration>(r#"{"type":"VPC","contentHandling":"X"}"#),
            Validation,
            "2 validation errors detected: Value 'VPC' at 'putIntegrationInput.type' failed to \
             satisfy constraint: Member must satisfy enum value set: [HTTP, MOCK, AWS_PROXY, \
             HTTP_PROXY, AWS]; Value 'X' at 'putIntegrationInput.contentHandling' failed to satisfy \
             constraint: Member must satisfy enum value set: [CONVERT_TO_BINARY, CONVERT_TO_TEXT]",
        ),
        (
            refuse::<CreateResource>(r#"{"pathPart":1}"#),
            Serialization,
            "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to \
             an String",
        ),
        (
            refuse::<PutMethod>(r#"{"authorizationType":"NONE","apiKeyRequired":"yes"}"#),
            Serialization,
            "class java.lang.String can not be converted to an Boolean",
        ),
    ] {
        assert_eq!((kind, message.as_str()), (expected_kind, expected));
    }
}

#[test]
fn rules_beyond_types() {
    let api = |text: &str| {
        let fault = CreateRestApi::parse(text.as_bytes()).unwrap().to_model("a".into());
        fault.unwrap_err().message
    };
    assert_eq!(api(r#"{"name":"n","description":""}"#), "Description cannot be an empty string");
    assert_eq!(
        api(r#"{"name":"n","endpointConfiguration":{"types":["EDGE","REGIONAL"]}}"#),
        "Cannot create an api with multiple Endpoint Types."
    );
    assert_eq!(
        api(r#"{"name":"n","endpointConfiguration":{"types":[]}}"#),
        "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED."
    );
    assert_eq!(
        api(r#"{"name":"n","endpointConfiguration":{"types":["PRIVATE"],"ipAddressType":"ipv4"}}"#),
        "Only dualstack ipAddressType is supported for Private APIs."
    );
    let integration = |text: &str| {
        PutIntegration::parse(text.as_bytes()).unwrap().to_model().unwrap_err().message
    };
    for (text, message) in [
        (r#"{"type":"HTTP"}"#, "Enumeration value for HttpMethod must be non-empty"),
        (
            r#"{"type":"HTTP_PROXY","httpMethod":"GET","uri":"x"}"#,
            "Invalid HTTP endpoint specified for URI",
        ),
        (r#"{"type":"AWS","httpMethod":"POST","uri":"x"}"#, "Invalid ARN specified in the request"),
        (
            r#"{"type":"AWS","httpMethod":"POST","uri":"arn:aws:apigateway:r:sqs:x"}"#,
            "AWS ARN for integration must contain path or action",
        ),
        (
            r#"{"type":"AWS_PROXY","httpMethod":"POST","uri":"arn:aws:apigateway:r:sqs:path/x"}"#,
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose \
             stream invocations.",
        ),
    ] {
        assert_eq!(integration(text), message);
    }
    // An authorizer is forgotten where the type needs none.
    for (kind, kept) in [("NONE", false), ("AWS_IAM", false), ("CUSTOM", true)] {
        let text = format!(r#"{{"authorizationType":"{kind}","authorizerId":"a"}}"#);
        let method = PutMethod::parse(text.as_bytes()).unwrap().to_model().unwrap();
        assert_eq!(method.authorizer_id.is_some(), kept, "{kind}");
    }
    let deployment = CreateDeployment::parse(br#"{"canarySettings":{}}"#).unwrap();
    assert_eq!(
        deployment.check().unwrap_err().message,
        "Invalid deployment content specified.Non null and non empty stageName must be provided \
         for canary deployment. Provided value is null"
    );
    let model =
        |text: &str| CreateModel::parse(text.as_bytes()).unwrap().check().unwrap_err().message;
    assert_eq!(model(r#"{"name":"","contentType":"a/b"}"#), "Model name must be non-empty");
    assert_eq!(
        model(r#"{"name":"n","contentType":"a/b","schema":""}"#),
        "Model schema must have at least 1 property or array items defined"
    );
    let stage = CreateStage::parse(br#"{"stageName":"a b","deploymentId":"d"}"#).unwrap();
    assert_eq!(stage.to_draft().unwrap_err().message, "Stage name only allows a-zA-Z0-9_-");
}

#[test]
fn answers_have_the_recorded_defaults() {
    let api = CreateRestApi::parse(br#"{"name":"n"}"#).unwrap().to_model(ApiId::new("a")).unwrap();
    let extras =
        RestApiExtras { created_date: 7, root_resource_id: "r".into(), ..RestApiExtras::default() };
    assert_eq!(
        serde_json::to_value(aws::RestApi::new(&api, extras)).unwrap(),
        json!({"id":"a","name":"n","createdDate":7,"apiKeySource":"HEADER",
            "endpointConfiguration":{"types":["EDGE"],"ipAddressType":"ipv4"},
            "disableExecuteApiEndpoint":false,"rootResourceId":"r"})
    );
    let method = Method {
        integration: Some(Integration::of_kind(IntegrationType::Mock)),
        ..Method::default()
    };
    assert_eq!(
        serde_json::to_value(aws::Method::new(HttpMethod::Get, &method, "res")).unwrap(),
        json!({"httpMethod":"GET","authorizationType":"NONE","apiKeyRequired":false,
            "methodIntegration":{"type":"MOCK","passthroughBehavior":"WHEN_NO_MATCH",
                "timeoutInMillis":29000,"cacheNamespace":"res","cacheKeyParameters":[]}})
    );
    let response = PutIntegrationResponse::parse(
        br#"{"selectionPattern":"","responseTemplates":{"application/json":null}}"#,
    );
    let response = response.unwrap().to_model().unwrap();
    assert_eq!(
        serde_json::to_value(aws::IntegrationResponse::new("200", &response)).unwrap(),
        json!({"statusCode":"200","selectionPattern":"",
            "responseTemplates":{"application/json":null}})
    );
    let release = Release {
        number: ReleaseNumber(3),
        deployment_id: DeploymentId::new("d"),
        deployment: Digest::of(b""),
        variables: Default::default(),
        canary: None,
        settings: StageSettings::default(),
    };
    let stage = aws::Stage::new("s", &release, StageExtras::default());
    assert_eq!(
        serde_json::to_value(stage).unwrap(),
        json!({"deploymentId":"d","stageName":"s","cacheClusterEnabled":false,
            "cacheClusterStatus":"NOT_AVAILABLE","methodSettings":{},"tracingEnabled":false,
            "createdDate":0,"lastUpdatedDate":0,"gatewrightRelease":3})
    );
    let built_in = aws::GatewayResponse::new(GatewayResponseType::Default4xx, None, None);
    assert_eq!(
        serde_json::to_value(built_in).unwrap(),
        json!({"responseType":"DEFAULT_4XX","responseParameters":{},
            "responseTemplates":{"application/json":"{\"message\":$context.error.messageString}"},
            "defaultResponse":true})
    );
}
