//! Any valid API is exported and imports again as an equal one.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::same::assert_round_trips;
use gw_model::{
    ApiKeySource, Authorizer, ConnectionType, ContentHandling, EndpointConfiguration,
    GatewayResponse, GatewayResponseType, HttpMethod, Integration, IntegrationResponse,
    IntegrationType, JwtConfiguration, JwtIssuer, Method, MethodResponse, Model,
    PassthroughBehavior, RequestValidator, Resource, RestApi, check,
};
use proptest::{collection as many, option, prelude::*, sample::select};
use serde_json::json;

/// Texts that formats find hard: quotes, breaks, numbers, words of YAML.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "\\PC{1,12}",
        select(vec![
            "true",
            "null",
            "~",
            "0x1f",
            "1e3",
            "1.0",
            "2024-01-01",
            "yes",
            "- a",
            "a: b",
            "#x",
            "'",
            "\"",
            "a\nb\n",
            " lead",
            "|",
            ">",
            "%x",
            "@x",
            "`",
            "{}",
            "[]",
            "*a",
            "&a",
            "!t",
            "?",
            "=",
            "\u{85}",
            "a\u{2028}b"
        ])
        .prop_map(str::to_owned),
    ]
}

const TYPES: [&str; 4] = ["application/json", "application/xml", "text/plain", "$default"];

fn media_type() -> impl Strategy<Value = String> {
    select(&TYPES[..]).prop_map(str::to_owned)
}

fn status() -> impl Strategy<Value = String> {
    select(vec!["200", "201", "404", "500"]).prop_map(str::to_owned)
}

fn model_name() -> impl Strategy<Value = String> {
    select(vec!["Empty", "Error", "Pet", "Owner"]).prop_map(str::to_owned)
}

fn names(pattern: &'static str, most: usize) -> impl Strategy<Value = BTreeSet<String>> {
    many::btree_set(pattern, 0..=most)
}

fn schema() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!({"type": "string", "minLength": 1})),
        Just(json!({"type": ["integer", "null"], "minimum": 0, "exclusiveMinimum": true})),
        model_name().prop_map(|name| json!({
            "$ref": format!("https://apigateway.amazonaws.com/restapis/first12345/models/{name}")
        })),
        Just(json!({"$ref": "#/definitions/inner"})),
        many::btree_set(text(), 1..3).prop_map(|values| json!({"enum": values})),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            many::btree_map("[a-zA-Z_$ -]{1,6}", inner.clone(), 0..3)
                .prop_map(|members| json!({"type": "object", "properties": members})),
            inner.clone().prop_map(|items| json!({"type": "array", "items": items})),
            many::vec(inner.clone(), 1..3).prop_map(|all| json!({"allOf": all})),
            inner.prop_map(|not| json!({"not": not})),
        ]
    })
}

fn models() -> impl Strategy<Value = BTreeMap<String, serde_json::Value>> {
    let model = (schema(), option::of(text())).prop_map(|(body, title)| {
        json!({"type": "object", "title": title.unwrap_or_default(),
               "properties": {"it": body}, "definitions": {"inner": {"type": "string"}}})
    });
    let all = ["Empty", "Error", "Pet", "Owner"];
    many::vec(model, all.len())
        .prop_map(move |schemas| all.iter().map(|name| (*name).to_owned()).zip(schemas).collect())
}

fn method_response() -> impl Strategy<Value = MethodResponse> {
    (
        names("[A-Z][a-zA-Z-]{0,5}", 3),
        any::<bool>(),
        many::btree_map(media_type(), model_name(), 0..3),
    )
        .prop_map(|(headers, required, response_models)| MethodResponse {
            response_parameters: headers
                .into_iter()
                .map(|name| (format!("method.response.header.{name}"), required))
                .collect(),
            response_models,
        })
}

fn templates() -> impl Strategy<Value = BTreeMap<String, Option<String>>> {
    many::btree_map(media_type(), option::of(text()), 0..3)
}

fn handling() -> impl Strategy<Value = Option<ContentHandling>> {
    option::of(select(vec![ContentHandling::ConvertToBinary, ContentHandling::ConvertToText]))
}

/// An integration without mappings of the request; those follow the method.
fn integration() -> impl Strategy<Value = Integration> {
    let target = prop_oneof![
        Just((IntegrationType::Mock, None)),
        "http://[a-z]{1,5}(/\\{p\\})?".prop_map(|uri| (IntegrationType::Http, Some(uri))),
        Just((IntegrationType::HttpProxy, Some("https://${stageVariables.h}/x".to_owned()))),
        Just((IntegrationType::Aws, Some("arn:aws:apigateway:r:sqs:path/1/q".to_owned()))),
        Just((
            IntegrationType::AwsProxy,
            Some("arn:aws:apigateway:r:lambda:path/2015-03-31/functions/f/invocations".to_owned())
        )),
    ];
    let passthrough = select(vec![
        PassthroughBehavior::WhenNoMatch,
        PassthroughBehavior::WhenNoTemplates,
        PassthroughBehavior::Never,
    ]);
    let response =
        (option::of("[a-z.*|\\\\d+]{1,6}"), templates(), handling(), many::vec(text(), 0..2));
    (
        (target, 50_u32..=29_000, passthrough, handling(), templates()),
        (
            option::of(text()),
            option::of(any::<bool>()),
            any::<bool>(),
            option::of("BUFFERED|STREAM"),
        ),
        many::btree_map(status(), response, 0..4),
    )
        .prop_map(
            |((target, timeout, passthrough, handling, templates), extras, responses)| {
                let mut integration = Integration::of_kind(target.0);
                integration.uri = target.1;
                integration.http_method = Some("POST".to_owned());
                integration.timeout_ms = timeout;
                integration.passthrough_behavior = passthrough;
                integration.content_handling = handling;
                integration.request_templates = templates;
                let (credentials, skip, linked, transfer) = extras;
                integration.cache_namespace.clone_from(&credentials);
                integration.credentials = credentials;
                integration.insecure_skip_verification = skip;
                integration.response_transfer_mode = transfer;
                if linked {
                    integration.connection_type = ConnectionType::VpcLink;
                    integration.connection_id = Some("abc123".to_owned());
                    integration.integration_target = Some("arn:target".to_owned());
                }
                // Each pattern selects one response; one has none.
                let mut patterns = BTreeSet::new();
                for (status, (pattern, templates, content_handling, values)) in responses {
                    if patterns.insert(pattern.clone()) {
                        let response_parameters = values
                            .into_iter()
                            .enumerate()
                            .map(|(n, v)| {
                                (format!("method.response.header.H{n}"), format!("'{v}'"))
                            })
                            .collect();
                        let response = IntegrationResponse {
                            selection_pattern: pattern,
                            response_parameters,
                            response_templates: templates,
                            content_handling,
                        };
                        integration.responses.insert(status, response);
                    }
                }
                integration
            },
        )
}

fn method() -> impl Strategy<Value = Method> {
    let parameters = many::btree_map(
        "q[a-zA-Z0-9._$-]{0,5}",
        (select(vec!["header", "querystring"]), any::<bool>()),
        0..4,
    );
    (
        (select(vec!["NONE", "AWS_IAM", "TOKEN", "COGNITO_USER_POOLS", "JWT"]), any::<bool>()),
        (many::vec("[a-z/.]{1,6}", 0..3), option::of(text()), option::of(0_usize..2)),
        parameters,
        many::btree_map(media_type(), model_name(), 0..3),
        many::btree_map(status(), method_response(), 0..3),
        option::of(integration()),
    )
        .prop_map(
            |((auth, key), (scopes, name, validator), parameters, models, responses, it)| {
                let mut method = Method {
                    authorization_type: if auth == "TOKEN" { "CUSTOM" } else { auth }.to_owned(),
                    api_key_required: key,
                    operation_name: name,
                    request_validator_id: validator
                        .map(|n| format!("validator{n}").as_str().into()),
                    request_parameters: parameters
                        .iter()
                        .map(|(name, (place, required))| {
                            (format!("method.request.{place}.{name}"), *required)
                        })
                        .collect(),
                    request_models: models,
                    responses,
                    integration: it,
                    ..Method::default()
                };
                if auth != "NONE" && auth != "AWS_IAM" {
                    method.authorizer_id = Some(auth.to_ascii_lowercase().as_str().into());
                    method.authorization_scopes = scopes;
                }
                declare_and_map(&mut method);
                method
            },
        )
}

/// What is mapped is declared, and some of what is declared is mapped.
fn declare_and_map(method: &mut Method) {
    let Some(integration) = &mut method.integration else { return };
    for (status, response) in &integration.responses {
        let declared = method.responses.entry(status.clone()).or_default();
        for key in response.response_parameters.keys() {
            declared.response_parameters.insert(key.clone(), false);
        }
    }
    for (number, key) in method.request_parameters.keys().enumerate() {
        let target = format!("integration.request.header.T{number}");
        integration.request_parameters.insert(target, key.clone());
        integration.cache_key_parameters.push(key.clone());
    }
}

fn authorizers() -> BTreeMap<gw_model::AuthorizerId, Authorizer> {
    let base = |kind: &str| Authorizer {
        name: format!("my {kind}"),
        kind: kind.to_owned(),
        auth_type: (kind != "JWT").then(|| "mine".to_owned()),
        identity_source: Some("method.request.header.Authorization".to_owned()),
        ..Authorizer::default()
    };
    let lambda = |kind| Authorizer {
        authorizer_uri: Some(
            "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/f/invocations".to_owned(),
        ),
        result_ttl_seconds: Some(30),
        identity_validation_expression: Some("^x+$".to_owned()),
        ..base(kind)
    };
    let cognito = Authorizer {
        provider_arns: vec!["arn:aws:cognito-idp:r:1:userpool/p".into()],
        ..base("COGNITO_USER_POOLS")
    };
    let issuer =
        JwtIssuer { issuer: "https://i".into(), audiences: vec!["a".into()], ..Default::default() };
    let configuration = JwtConfiguration { issuers: vec![issuer], ..Default::default() };
    let jwt = Authorizer { jwt_configuration: Some(configuration), ..base("JWT") };
    [lambda("TOKEN"), lambda("REQUEST"), cognito, jwt]
        .into_iter()
        .map(|authorizer| (authorizer.kind.to_ascii_lowercase().as_str().into(), authorizer))
        .collect()
}

/// A tree of resources: every path's parents are there, and one variable at
/// most stands below each.
fn tree() -> impl Strategy<Value = BTreeMap<gw_model::ResourceId, Resource>> {
    let segment = select(vec!["a", "b.c", "{v}", "x:y,z", "_-1"]);
    let path = (many::vec(segment, 0..4), any::<bool>());
    let entry = (path, many::btree_map(select(HttpMethod::ALL.to_vec()), method(), 0..3));
    many::vec(entry, 1..4).prop_map(|entries| {
        let root = Resource {
            parent_id: None,
            path_part: String::new(),
            path: "/".to_owned(),
            methods: BTreeMap::new(),
        };
        let mut tree = BTreeMap::from([("/".into(), root)]);
        for ((segments, greedy), methods) in entries {
            let mut path = String::new();
            let greedy = (greedy && !segments.contains(&"{v}")).then_some("{rest+}");
            for (depth, part) in segments.into_iter().chain(greedy).enumerate() {
                // A variable's name stands once in a path.
                let part = if part == "{v}" { format!("{{v{depth}}}") } else { part.to_owned() };
                let parent = if path.is_empty() { "/".to_owned() } else { path.clone() };
                let taken = |other: &Resource| {
                    let own = other.parent_id.as_ref().is_some_and(|id| id.as_str() == parent);
                    own && other.path_part.starts_with('{') && other.path_part != part
                };
                if part.starts_with('{') && tree.values().any(taken) {
                    break;
                }
                path = format!("{path}/{part}");
                let resource = Resource {
                    parent_id: Some(parent.as_str().into()),
                    path_part: part,
                    path: path.clone(),
                    methods: BTreeMap::new(),
                };
                tree.entry(path.as_str().into()).or_insert(resource);
            }
            let at = if path.is_empty() { "/" } else { &path };
            tree.get_mut(at).unwrap().methods.extend(methods);
        }
        tree
    })
}

fn api() -> impl Strategy<Value = RestApi> {
    let response = (option::of(status()), many::btree_map(media_type(), text(), 0..2), text());
    let responses = many::btree_map(select(GatewayResponseType::ALL.to_vec()), response, 0..3);
    (
        (text(), option::of(text()), option::of(text())),
        (any::<bool>(), many::btree_set("[a-z]{1,4}/[a-z]{1,4}", 0..3), option::of(0_u32..9)),
        (any::<bool>(), names("vpce-[a-z]{2}", 2), option::of(text()), option::of(text())),
        (models(), option::of(text()), responses),
        tree(),
    )
        .prop_map(|(info, settings, endpoint, (models, policy, responses), resources)| RestApi {
            id: "first12345".into(),
            name: info.0,
            description: info.1,
            version: info.2,
            api_key_source: match settings.0 {
                true => ApiKeySource::Authorizer,
                false => ApiKeySource::Header,
            },
            binary_media_types: settings.1.into_iter().collect(),
            minimum_compression_size_bytes: settings.2,
            endpoint_configuration: EndpointConfiguration {
                vpc_endpoint_ids: endpoint.1.into_iter().collect(),
                ..Default::default()
            },
            disable_execute_api_endpoint: endpoint.0,
            endpoint_access_mode: endpoint.2,
            security_policy: endpoint.3,
            policy: policy.map(|sid| {
                json!({"Statement": [{"Sid": sid, "Resource": "arn:aws:execute-api:r:1:first12345/*"}]})
                    .to_string()
            }),
            resources,
            models: models
                .into_iter()
                .map(|(name, schema)| {
                    let model = Model {
                        id: format!("id{name}"),
                        description: None,
                        content_type: "application/json".to_owned(),
                        schema: Some(schema.to_string()),
                    };
                    (name.as_str().into(), model)
                })
                .collect(),
            gateway_responses: responses
                .into_iter()
                .map(|(kind, (status_code, response_templates, value))| {
                    let response_parameters =
                        [("gatewayresponse.header.X".to_owned(), format!("'{value}'"))].into();
                    (kind, GatewayResponse { status_code, response_parameters, response_templates })
                })
                .collect(),
            request_validators: [("validator0", true), ("validator1", false)]
                .into_iter()
                .map(|(id, body)| {
                    let validator = RequestValidator {
                        name: format!("checks {body}"),
                        validate_request_body: body,
                        validate_request_parameters: !body,
                    };
                    (id.into(), validator)
                })
                .collect(),
            authorizers: authorizers(),
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn any_valid_api_round_trips(api in api()) {
        for resource in api.resources.values() {
            for method in resource.methods.values() {
                prop_assert_eq!(check::method(method), Ok(()));
                let integration = method.integration.as_ref();
                prop_assert_eq!(integration.map_or(Ok(()), check::integration), Ok(()));
            }
        }
        assert_round_trips("a random API", &api);
    }
}
