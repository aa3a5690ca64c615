//! Every path of the reference's patch table, with right and wrong operations.
#![allow(clippy::unwrap_used, reason = "tests")]

mod integration;
mod method;
mod stage;

use gw_model::{
    Integration, IntegrationResponse, IntegrationType, Method, MethodResponse, Model, RestApi,
};
use gw_wire::{
    Fault, FaultKind, FromBody as _,
    aws::{CreateRestApi, Patch},
    patch::{
        Op, PatchOperation, escape, patch_description, patch_integration,
        patch_integration_response, patch_method, patch_method_response, patch_model,
        patch_rest_api, resource_patch, unescape,
    },
};
use proptest::prelude::*;

type Step = (Op, &'static str, Option<&'static str>);
use Op::{Add as A, Move as M, Remove as D, Replace as R, Test as T};

fn steps(steps: &[Step]) -> Vec<PatchOperation> {
    steps.iter().map(|(op, path, value)| PatchOperation::new(*op, path, *value)).collect()
}

fn rest_api(body: &str) -> RestApi {
    CreateRestApi::parse(body.as_bytes()).unwrap().to_model("a".into()).unwrap()
}

fn text(result: Result<(), Fault>) -> String {
    result.unwrap_err().message
}

fn unsupported(path: &str, op: Op) -> String {
    format!(
        "Invalid patch path  '{path}' specified for op '{op}'. Please choose supported operations"
    )
}

#[test]
fn rest_api_paths() {
    let mut api = rest_api(r#"{"name":"n","binaryMediaTypes":["a/b"]}"#);
    patch_rest_api(
        &mut api,
        &steps(&[
            (R, "/name", Some("m")),
            (A, "/description", Some("d")),
            (R, "/apiKeySource", Some("AUTHORIZER")),
            (R, "/disableExecuteApiEndpoint", Some("True")),
            (A, "/binaryMediaTypes/image~1png", None),
            (R, "/binaryMediaTypes/a~1b", Some("c/d")),
            (R, "/minimumCompressionSize", Some("10")),
            (R, "/endpointConfiguration/types/EDGE", Some("PRIVATE")),
            (R, "/endpointConfiguration/ipAddressType", Some("dualstack")),
            (A, "/endpointConfiguration/vpcEndpointIds", Some("vpce-1")),
            (A, "/endpointConfiguration/vpcEndpointIds", Some("vpce-2")),
            (D, "/endpointConfiguration/vpcEndpointIds", Some("vpce-1")),
            (R, "/endpointAccessMode", Some("BASIC")),
            (R, "/securityPolicy", Some("SecurityPolicy_TLS13_1_3_2025_09")),
            (
                R,
                "/policy",
                Some(r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke"}}"#),
            ),
        ]),
    )
    .unwrap();
    assert_eq!(api.name, "m");
    assert_eq!(api.description.as_deref(), Some("d"));
    // What replaces another comes last, as at AWS.
    assert_eq!(api.binary_media_types, ["image/png", "c/d"]);
    assert_eq!(api.minimum_compression_size_bytes, Some(10));
    assert_eq!(api.endpoint_configuration.vpc_endpoint_ids, ["vpce-2"]);
    assert!(api.disable_execute_api_endpoint);
    for (steps_to, message) in [
        (
            steps(&[(R, "/endpointConfiguration/types/PRIVATE", Some("EDGE"))]),
            "A private API cannot be changed to an edge-optimized API.",
        ),
        (
            steps(&[
                (R, "/endpointAccessMode", Some("STRICT")),
                (R, "/endpointConfiguration/types/PRIVATE", Some("REGIONAL")),
            ]),
            "The endpoint type cannot be changed while the endpoint access mode is STRICT.",
        ),
        (
            steps(&[(R, "/securityPolicy", Some("TLS_1_2"))]),
            "The endpoint access mode is supported only for security policies that start with \
             SecurityPolicy_.",
        ),
    ] {
        assert_eq!(text(patch_rest_api(&mut api.clone(), &steps_to)), message);
    }
    patch_rest_api(
        &mut api,
        &steps(&[
            (R, "/minimumCompressionSize", None),
            (D, "/description", None),
            (D, "/binaryMediaTypes/image~1png", None),
            (R, "/endpointConfiguration/types/0", Some("REGIONAL")),
            (R, "/policy", Some("")),
        ]),
    )
    .unwrap();
    assert_eq!((api.minimum_compression_size_bytes, api.description.as_deref()), (None, None));
    assert_eq!(
        (api.policy.as_deref(), api.endpoint_configuration.vpc_endpoint_ids.len()),
        (None, 0)
    );
}

#[test]
fn rest_api_refusals() {
    let replace_only = "Invalid patch operation specified. Must be one of: [replace]".to_owned();
    let table: &[(Step, FaultKind, String)] = &[
        ((R, "/nothing", Some("x")), FaultKind::BadRequest, "Invalid patch path /nothing".into()),
        ((A, "/name", Some("x")), FaultKind::BadRequest, replace_only.clone()),
        ((D, "/policy", None), FaultKind::BadRequest, replace_only.clone()),
        ((M, "/name", Some("x")), FaultKind::BadRequest, replace_only.clone()),
        ((T, "/x", Some("x")), FaultKind::BadRequest, "Invalid patch path /x".into()),
        (
            (A, "/endpointConfiguration/ipAddressType", Some("ipv4")),
            FaultKind::BadRequest,
            replace_only.clone(),
        ),
        (
            (R, "/endpointConfiguration/ipAddressType", Some("ipv6")),
            FaultKind::BadRequest,
            "ipAddressType must be either ipv4 or dualstack.".into(),
        ),
        (
            (R, "/endpointConfiguration/types/EDGE", Some("NEAR")),
            FaultKind::BadRequest,
            "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE".into(),
        ),
        (
            (M, "/endpointConfiguration/types/EDGE", Some("EDGE")),
            FaultKind::BadRequest,
            "Invalid patch operation specified. Must be 'add'|'remove'|'replace'".into(),
        ),
        (
            (A, "/endpointConfiguration/types/REGIONAL", None),
            FaultKind::BadRequest,
            "Cannot create an api with multiple Endpoint Types.".into(),
        ),
        (
            (D, "/endpointConfiguration/types/EDGE", None),
            FaultKind::BadRequest,
            "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.".into(),
        ),
        (
            (R, "/minimumCompressionSize", Some("much")),
            FaultKind::BadRequest,
            "Invalid minimum compression size, must be between 0 and 10485760".into(),
        ),
        (
            (R, "/policy", Some("{}")),
            FaultKind::BadRequest,
            "Invalid policy document. Please check the policy syntax and ensure that Principals \
             are valid."
                .into(),
        ),
        (
            (A, "/binaryMediaTypes", Some("a/b")),
            FaultKind::BadRequest,
            "Invalid patch path /binaryMediaTypes".into(),
        ),
        (
            (D, "/binaryMediaTypes/x~1y", None),
            FaultKind::NotFound,
            "Content-Type specified was not found".into(),
        ),
        (
            (D, "/minimumCompressionSize", None),
            FaultKind::BadRequest,
            "Invalid patch operation specified. Must be one of: [replace]".into(),
        ),
        (
            (R, "/minimumCompressionSize", Some("10485761")),
            FaultKind::BadRequest,
            "Invalid minimum compression size, must be between 0 and 10485760".into(),
        ),
        (
            (R, "/endpointConfiguration/types/PRIVATE", Some("EDGE")),
            FaultKind::BadRequest,
            "Invalid endpoint type specified: PRIVATE".into(),
        ),
        (
            (R, "/disableExecuteApiEndpoint", Some("maybe")),
            FaultKind::BadRequest,
            "Invalid value 'maybe' specified for path '/disableExecuteApiEndpoint'. Must be one \
             of: [true, false]"
                .into(),
        ),
    ];
    for (step, kind, message) in table {
        let fault = patch_rest_api(&mut rest_api(r#"{"name":"n"}"#), &steps(&[*step])).unwrap_err();
        assert_eq!((fault.kind, &fault.message), (*kind, message));
    }
    let no_path = PatchOperation { op: R, path: None, value: None, from: None };
    assert_eq!(
        text(patch_rest_api(&mut rest_api(r#"{"name":"n"}"#), &[no_path])),
        "Invalid patch path null"
    );
}

#[test]
fn resource_model_deployment() {
    let patch = resource_patch(&steps(&[(R, "/pathPart", Some("x")), (R, "/parentId", Some("p"))]))
        .unwrap();
    assert_eq!((patch.path_part.as_deref(), patch.parent_id), (Some("x"), Some("p".into())));
    assert_eq!(
        resource_patch(&steps(&[(R, "/x", None)])).unwrap_err().message,
        "Invalid patch path  '/x' specified for op 'replace'. Must be one of: [/parentId, /pathPart]"
    );
    assert_eq!(
        resource_patch(&steps(&[(A, "/pathPart", None)])).unwrap_err().message,
        unsupported("/pathPart", A)
    );
    let mut model = Model {
        id: "m".into(),
        description: None,
        content_type: "application/json".into(),
        schema: None,
    };
    patch_model(&mut model, &steps(&[(R, "/description", Some("d")), (R, "/schema", Some("{}"))]))
        .unwrap();
    assert_eq!((model.description.as_deref(), model.schema.as_deref()), (Some("d"), Some("{}")));
    assert_eq!(
        text(patch_model(&mut model, &steps(&[(R, "/schema", Some(""))]))),
        "Model schema must have at least 1 property or array items defined"
    );
    assert_eq!(
        text(patch_model(&mut model, &steps(&[(D, "/schema", None)]))),
        unsupported("/schema", D)
    );
    let mut description = None;
    patch_description(&mut description, &steps(&[(R, "/description", Some("d"))])).unwrap();
    assert_eq!(description.as_deref(), Some("d"));
    assert_eq!(
        text(patch_description(&mut description, &steps(&[(R, "/id", Some("d"))]))),
        "Invalid patch path  '/id' specified for op 'replace'. Must be one of: [/description]"
    );
}

#[test]
fn patch_bodies() {
    let parse = |text: &str| Patch::<()>::parse_as("updateStageInput", text.as_bytes());
    let patch = parse(r#"{"patchOperations":[{"op":"copy","path":"/a","from":"/b"}]}"#).unwrap();
    assert_eq!(patch.patch_operations, [PatchOperation::copy("/b", "/a")]);
    assert!(parse("{}").unwrap().patch_operations.is_empty());
    for (text, kind, message) in [
        (
            r#"{"patchOperations":[{"op":"add"},{"op":"wrong"}]}"#,
            FaultKind::Validation,
            "1 validation error detected: Value 'wrong' at \
             'updateStageInput.patchOperations.2.member.op' failed to satisfy constraint: Member \
             must satisfy enum value set: [add, remove, move, test, replace, copy]",
        ),
        (
            r#"{"patchOperations":[{"op":"x"},{"op":"y"}]}"#,
            FaultKind::Validation,
            "2 validation errors detected: Value 'x' at \
             'updateStageInput.patchOperations.1.member.op' failed to satisfy constraint: Member \
             must satisfy enum value set: [add, remove, move, test, replace, copy]; Value 'y' at \
             'updateStageInput.patchOperations.2.member.op' failed to satisfy constraint: Member \
             must satisfy enum value set: [add, remove, move, test, replace, copy]",
        ),
        (
            r#"{"patchOperations":[{"op":"replace","path":"/x","value":true}]}"#,
            FaultKind::Serialization,
            "class java.lang.Boolean can not be converted to an String",
        ),
        (r#"{"patchOperations":{}}"#, FaultKind::Serialization, "Expected list or null"),
    ] {
        let fault = parse(text).unwrap_err();
        assert_eq!((fault.kind, fault.message.as_str()), (kind, message));
    }
}

proptest! {
    #[test]
    fn pointer_escapes(text in ".{0,20}") {
        prop_assert_eq!(unescape(&escape(&text)), text);
    }

    #[test]
    fn nothing_panics(
        op in proptest::sample::select(Op::ALL.to_vec()),
        path in prop_oneof![".{0,20}", "(/(variables|canarySettings|\\*|~1|GET|x|caching|enabled)){0,5}"],
        value in proptest::option::of(".{0,12}"),
        from in proptest::option::of(".{0,12}"),
    ) {
        let operation = PatchOperation { op, path: Some(path), value, from };
        let all = [operation];
        let _ = gw_wire::patch::patch_stage(&mut stage::stage(), &all);
        let _ = patch_rest_api(&mut rest_api(r#"{"name":"n"}"#), &all);
        let _ = patch_method(&mut Method::default(), &all);
        let _ = patch_integration(&mut Integration::of_kind(IntegrationType::Http), &all);
        let _ = patch_integration_response(&mut IntegrationResponse::default(), &all);
    }
}
