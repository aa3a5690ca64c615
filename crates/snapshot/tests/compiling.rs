//! What deploys, what deploys poisoned, and what does not.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use gw_model::{
    Api, GatewayResponse, GatewayResponseType, HttpMethod::*, IntegrationType, Method, RestApi,
};
use gw_snapshot::{FaultKind, Inbound, Integration, Limits, Outcome, Selector, compile};
use proptest::prelude::*;
use support::*;

fn faults(api: &RestApi) -> Vec<String> {
    let outcome = compile(&Api::Rest(api.clone()), &Limits::default());
    let (faults, kind) = match &outcome {
        Ok(api) => (api.warnings(), FaultKind::Poisoned),
        Err(faults) => (&faults[..], FaultKind::Fatal),
    };
    assert!(faults.is_empty() || faults.iter().any(|fault| fault.kind == kind));
    let word = |kind| if kind == FaultKind::Fatal { "fatal" } else { "poisoned" };
    faults.iter().map(|fault| format!("{} {fault}", word(fault.kind))).collect()
}

/// Compares the faults of one method at `GET /a/{x}`.
#[track_caller]
fn check(method: Method, expected: &[&str]) {
    assert_eq!(faults(&api("abc", vec![("/a/{x}", Get, method)])), expected);
}

#[test]
fn fatal() {
    let none = "fatal The REST API doesn't contain any methods";
    assert_eq!(faults(&api("abc", vec![])), [none]);
    let both = api("abc", vec![("/", Get, Method::default()), ("/b", Post, Method::default())]);
    let reason = "No integration defined for method";
    assert_eq!(
        faults(&both),
        [format!("fatal GET /: {reason}"), format!("fatal POST /b: {reason}")]
    );
    let fine = mock("{\"statusCode\": 200}", "");
    let siblings = api("abc", vec![("/{a}", Get, fine.clone()), ("/{b}", Get, fine.clone())]);
    assert_eq!(
        faults(&siblings),
        ["fatal /{b} has {b}, but its parent already has the path variable {a}"]
    );
    let limits = Limits { max_compiled_bytes: 10, ..Limits::default() };
    let small = Api::Rest(api("abc", vec![("/", Get, fine)]));
    assert!(compile(&small, &limits).unwrap_err()[0].reason.contains("at most 10 allowed"));
    let limits = Limits { max_routes: 0, ..Limits::default() };
    assert!(compile(&small, &limits).is_err());
}

#[test]
fn addresses() {
    let address = |uri: &str, reason: &str| {
        let expected = format!("poisoned GET /a/{{x}}: Invalid endpoint address {uri:?}: {reason}");
        let map = [("integration.request.path.x", "method.request.path.x")];
        check(http_proxy(uri, &map), &[&expected]);
    };
    address("ftp://a/", "it does not start with http:// or https://");
    address("http:///b", "it has no host");
    address("http://{x}.b/", "\"{x}.b\" is not a host");
    address("http://u@b/", "\"u@b\" is not a host");
    address("http://b:0/", "\"b:0\" has an impossible port");
    address("http://b:99999/", "\"b:99999\" has an impossible port");
    address("http://b/{y}", "{y} has no integration.request.path mapping");
    address("http://b/{x", "a { is not closed");
    address("http://b/a b", "illegal character ' '");
    for uri in [
        "http://b",
        "HTTPS://B:8443",
        "http://b/{x}?{x}={x}",
        "http://[::1]:80/{x}",
        "http://b?q",
        "http://b/%7Bq%7D#fragment",
        "http://${stageVariables.host}/{x}",
    ] {
        check(http_proxy(uri, &[("integration.request.path.x", "method.request.path.x")]), &[]);
    }
    check(http_proxy("", &[]), &["poisoned GET /a/{x}: the integration has no URI"]);
}

#[test]
fn mappings() {
    let check = |target: &str, source: &str, reason: &str| {
        let reason = format!("poisoned GET /a/{{x}}: {reason}");
        let expected: &[&str] = if reason.ends_with(": ") { &[] } else { &[&reason] };
        check(http_proxy("http://b/", &[(target, source)]), expected);
    };
    for source in [
        "'static'",
        "method.request.path.x",
        "method.request.querystring.a.b",
        "method.request.multivaluequerystring.q",
        "method.request.header.X-A",
        "method.request.multivalueheader.X-A",
        "stageVariables.v",
        "context.requestId",
        "context.authorizer.principalId",
    ] {
        check("integration.request.header.X-B", source, "");
        check("integration.request.querystring.b[]", source, "");
    }
    for name in [
        "Content-Length",
        "Transfer-Encoding",
        "X-Amzn-Trace-Id",
        "X-Amzn-Apigateway-Api-Id",
        "Connection",
    ] {
        let reason = format!("header {} cannot be mapped", name.to_lowercase());
        check(&format!("integration.request.header.{name}"), "'x'", &reason);
    }
    let target = "integration.request.header.X-B";
    check(target, "nonsense", "\"nonsense\" is not a mapping expression");
    check(target, "'open", "\"'open\" is not a mapping expression");
    check(
        target,
        "method.request.cookie.a",
        "\"method.request.cookie.a\" is not a mapping expression",
    );
    check(target, "method.request.body.a", "");
    check(
        target,
        "method.request.body.[",
        "method.request.body.[: invalid JSONPath at position 3: expected an index, a \
         quoted name, '*' or a filter",
    );
    check(
        "integration.request.cookie.X",
        "'x'",
        "\"integration.request.cookie.X\" is not a mapping target",
    );
    check("integration.request.header.X B", "'x'", "invalid header name \"X B\"");
}

/// Whoever mends an integration sees everything at once.
#[test]
fn all_faults_of_an_integration_are_named() {
    let broken = |kind, uri: &str| {
        let mut integration = gw_model::Integration::of_kind(kind);
        integration.uri = Some(uri.to_owned());
        integration.http_method = Some("POST".to_owned());
        integration.credentials = Some("nobody".to_owned());
        let template = ("application/json".to_owned(), Some("#if(".to_owned()));
        integration.request_templates.extend([template]);
        let source = ("integration.request.header.X-A".to_owned(), "nonsense".to_owned());
        integration.request_parameters.extend([source]);
        Method { integration: Some(integration), ..Method::default() }
    };
    let named = |method: Method, reasons: &[&str]| {
        let found = faults(&api("abc", vec![("/a", Get, method)]));
        let is_named = |reason: &&str| found.iter().any(|fault| fault.contains(*reason));
        assert!(reasons.iter().all(is_named) && found.len() == reasons.len(), "{found:#?}");
    };
    let places = "{y} has no integration.request.path mapping; \
                  {z} has no integration.request.path mapping; illegal character ' '";
    let (source, template) = ("\"nonsense\" is not a mapping", "request template application/json");
    let role = "credentials \"nobody\" are not the ARN of a role";
    let uri = "http://b/{y}/{z}/{y}/ ";
    named(broken(IntegrationType::Http, uri), &[source, template, places]);
    named(broken(IntegrationType::HttpProxy, uri), &[source, places]);
    let uri = "arn:aws:apigateway:us-east-1:nothing:action/X";
    let service = "no service \"nothing\"";
    named(broken(IntegrationType::Aws, uri), &[source, template, role, service]);
    named(broken(IntegrationType::AwsProxy, uri), &[role, service]);
}

#[test]
fn what_is_not_built_is_poisoned_by_name() {
    let mut link = http_proxy("http://b/", &[]);
    link.integration.as_mut().unwrap().connection_type = gw_model::ConnectionType::VpcLink;
    check(link, &["poisoned GET /a/{x}: the integration names no VPC link"]);
    let mut iam = http_proxy("http://b/", &[]);
    iam.authorization_type = "AWS_IAM".to_owned();
    check(iam.clone(), &["poisoned GET /a/{x}: authorization AWS_IAM is not in this build"]);
    let compiled = compiled(&api("abc", vec![("/", Get, iam)]));
    let checks = compiled.routes().next().unwrap().1.checks.as_ref().unwrap();
    assert_eq!(checks.authorization, Some(GatewayResponseType::AuthorizerConfigurationError));

    let mut policy = api("abc", vec![("/", Get, http_proxy("http://b/", &[]))]);
    policy.policy = Some("{}".to_owned());
    assert_eq!(faults(&policy), ["poisoned GET /: resource policies are not in this build"]);
    let mut body = http_proxy("http://b/", &[]);
    body.request_validator_id = Some("v".into());
    check(body, &["poisoned GET /a/{x}: there is no request validator v"]);
}

#[test]
fn mocks() {
    check(mock("{\"statusCode\": 200}", "fixed"), &[]);
    check(mock("{statusCode: 200}", "$context.requestId $input.json('$')"), &[]);
    check(mock("#if(true){\"statusCode\": 200}#end", ""), &[]);
    let status = "poisoned GET /a/{x}: request template application/json: no statusCode that an \
                  integration response is there for";
    check(mock("{}", "x"), &[status]);
    check(mock("{statusCode: abc}", "x"), &[status]);
}

#[test]
fn template_faults_name_template_line_and_column() {
    let template = "{\n  #if($a\n}";
    check(
        mock("{\"statusCode\": 200}", template),
        &["poisoned GET /a/{x}: integration response 200: template application/json: \
            line 3, column 1: expected ), met \"}\""],
    );
    check(
        mock("#foreach($x in $y)", ""),
        &["poisoned GET /a/{x}: request template application/json: line 1, column 19: \
            expected #end for the directive on line 1, met the end of the template"],
    );
    let large = "x".repeat((300 << 10) + 1);
    check(
        mock("{\"statusCode\": 200}", &large),
        &["poisoned GET /a/{x}: integration response 200: template application/json: \
            the template has 307201 bytes, at most 307200 allowed"],
    );
    check(mock("{\"statusCode\": 200}", &large[1..]), &[]);
}

#[test]
fn equal_templates_print_alike() {
    let one = api("abc", vec![("/", Get, mock("$a $b $c $d $e $context.stage", "$f $g"))]);
    let run = || format!("{:?}", compile(&Api::Rest(one.clone()), &Limits::default()));
    assert_eq!(run(), run());
}

#[test]
fn equal_mocks_are_one() {
    let cors = mock("{\"statusCode\": 200}", "cors");
    let api = api("abc", vec![("/", Options, cors.clone()), ("/b", Options, cors)]);
    let api = compiled(&api);
    let mocks: Vec<_> = api
        .routes()
        .filter_map(|(_, route)| match &route.integration {
            Integration::Mock(mock) => Some(mock.clone()),
            _ => None,
        })
        .collect();
    assert!(std::sync::Arc::ptr_eq(&mocks[0], &mocks[1]));
}

#[test]
fn gateway_response_faults_name_their_type() {
    let mut api = api("abc", vec![("/", Get, mock("{\"statusCode\": 200}", ""))]);
    let parameter = ("gatewayresponse.header.X".to_owned(), "oops".to_owned());
    let response = GatewayResponse {
        status_code: Some("99".to_owned()),
        response_parameters: [parameter].into(),
        ..GatewayResponse::default()
    };
    api.gateway_responses.insert(GatewayResponseType::Throttled, response);
    assert_eq!(
        faults(&api),
        [
            "poisoned gateway response THROTTLED: \"oops\" is not a mapping expression",
            "poisoned gateway response THROTTLED: invalid status code \"99\"",
        ]
    );
}

/// Texts near the grammar, so that many get past the first check.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("http://".to_owned()),
        Just("{x}".to_owned()),
        Just("${stageVariables.v}".to_owned()),
        Just("$context.requestId".to_owned()),
        Just("method.request.".to_owned()),
        Just("header.".to_owned()),
        Just("path.".to_owned()),
        Just("{\"statusCode\":".to_owned()),
        Just("200}".to_owned()),
        Just("'a'".to_owned()),
        Just("/".to_owned()),
        Just("integration.request.".to_owned()),
        Just("method.response.header.".to_owned()),
        Just("integration.response.body.".to_owned()),
        Just("#set($context.requestOverride.path.x = ".to_owned()),
        Just("$input.json('$.".to_owned()),
        Just("#if(".to_owned()),
        Just("')".to_owned()),
        Just("#end".to_owned()),
        "\\PC{0,6}",
        "[a-z?&=#:.{}$]{0,4}",
    ];
    proptest::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn never_panics_and_is_deterministic(
        paths in proptest::collection::vec((text(), 0_u8..4), 0..6),
        texts in proptest::collection::vec((text(), text()), 8),
        verb in text(),
    ) {
        let kinds = ["\"MOCK\"", "\"HTTP_PROXY\"", "\"HTTP\"", "\"AWS\""];
        let methods = paths.iter().map(|(path, kind)| {
            let mut method = if *kind == 0 {
                mock(&texts[0].0, &texts[0].1)
            } else {
                http_proxy(&texts[1].0, &[(&texts[2].0, &texts[2].1), (&texts[3].0, &texts[3].1)])
            };
            let integration = method.integration.as_mut().unwrap();
            integration.kind = serde_json::from_str(kinds[usize::from(*kind)]).unwrap();
            integration.http_method = Some(verb.clone());
            let template = Some(texts[6].0.clone());
            integration.request_templates.insert("$default".to_owned(), template.clone());
            let response = gw_model::IntegrationResponse::default();
            integration.responses.entry("200".to_owned()).or_insert(response);
            for response in integration.responses.values_mut() {
                response.response_templates.insert("a/b".to_owned(), template.clone());
                response.selection_pattern = Some(texts[4].0.clone());
                response.response_parameters.insert(texts[5].0.clone(), texts[5].1.clone());
            }
            (path.as_str(), Get, method)
        });
        let mut api = api("abc", methods.collect());
        let mut custom = GatewayResponse { status_code: Some(verb.clone()), ..Default::default() };
        custom.response_templates.insert(texts[6].0.clone(), texts[6].1.clone());
        custom.response_parameters.insert(texts[7].0.clone(), texts[7].1.clone());
        api.gateway_responses.insert(GatewayResponseType::Default4xx, custom);

        let run = || format!("{:?}", compile(&Api::Rest(api.clone()), &Limits::default()));
        prop_assert_eq!(run(), run());
        let Ok(compiled) = compile(&Api::Rest(api.clone()), &Limits::default()) else {
            return Ok(());
        };
        let compiled = std::sync::Arc::new(compiled);
        let mut release = release(&api);
        release.variables.insert("v".to_owned(), verb);
        let bind = || gw_snapshot::CompiledStage::bind(&key("abc", "s"), &release, |_| {
            Some(compiled.clone())
        });
        let stage = bind().unwrap();
        let again = bind().unwrap();
        prop_assert_eq!(stage.warnings(), again.warnings());
        let request = Request::default();
        let body = bytes::Bytes::from(texts[5].0.clone());
        let inbound = Inbound { values: &request, body: &body };
        for (number, (_, route)) in compiled.routes().enumerate() {
            let number = u32::try_from(number).unwrap();
            match &route.integration {
                Integration::Mock(mock) => drop(mock.answer(&inbound, None)),
                Integration::HttpProxy(proxy) => {
                    let target = stage.main().target(number, proxy);
                    drop(target.map(|t| t.path_and_query(&request, Some("a=b"), &[])));
                }
                Integration::Http(http) => {
                    let mapped = http.request.apply(&inbound, None);
                    let target = stage.main().target(number, &http.backend);
                    if let (Ok(mapped), Some(target)) = (&mapped, target) {
                        drop(target.mapped(mapped));
                    }
                    let overrides = mapped.map(|mapped| mapped.overrides).unwrap_or_default();
                    let outcome = Outcome {
                        values: &request,
                        status: 200,
                        headers: &request.headers,
                        body: &body,
                        overrides: &overrides,
                    };
                    for selector in [Selector::Status(200), Selector::Error(Some(&texts[4].1))] {
                        drop(http.response.apply(selector, &outcome, None));
                    }
                }
                Integration::Lambda(_) | Integration::Aws(_) | Integration::Refused(_) => {}
            }
        }
    }
}
