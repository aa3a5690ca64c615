//! MOCK: the mapped request names a status, and the status a response.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use bytes::Bytes;
use gw_model::{HttpMethod, Integration, IntegrationResponse, PassthroughBehavior};
use gw_snapshot::{CompiledApi, GatewayError, Inbound, MappedResponse, Mock};
use support::*;

fn of(edit: impl FnOnce(&mut Integration)) -> std::sync::Arc<CompiledApi> {
    let mut method = mock("", "body");
    edit(method.integration.as_mut().unwrap());
    compiled(&api("abc", vec![("/", HttpMethod::Post, method)]))
}

fn with_request(template: &str) -> std::sync::Arc<CompiledApi> {
    of(|integration| {
        let template = Some(template.to_owned());
        integration.request_templates.insert("application/json".to_owned(), template);
    })
}

fn the_mock(api: &CompiledApi) -> &Mock {
    match &api.routes().next().unwrap().1.integration {
        gw_snapshot::Integration::Mock(mock) => mock,
        other => panic!("{other:?}"),
    }
}

fn answer(
    api: &CompiledApi,
    request: &Request,
    body: &'static str,
) -> Result<MappedResponse, GatewayError> {
    let body = Bytes::from_static(body.as_bytes());
    the_mock(api).answer(&Inbound { values: request, body: &body }, None)
}

/// `status body`, or `error status log`.
fn told(outcome: &Result<MappedResponse, GatewayError>) -> String {
    match outcome {
        Ok(response) => {
            format!("{} {}", response.status.as_u16(), String::from_utf8_lossy(&response.body))
        }
        Err(error) => {
            let log = error.log.as_deref().unwrap_or_default();
            let log = log.trim_start_matches("Execution failed due to configuration error: ");
            format!("error {} {log}", error.status.as_u16())
        }
    }
}

const NO_STATUS: &str = "error 500 Unable to parse statusCode. It should be an integer that is \
                         defined in the request template.";
const NO_MATCH: &str =
    "error 500 No match for output mapping and no default output mapping configured";

#[test]
fn the_request_names_a_status() {
    let check = |template: &str, body: &'static str, expected: &str| {
        let outcome = answer(&with_request(template), &Request::default(), body);
        assert_eq!(told(&outcome), expected, "{template}");
    };
    for fine in [
        r#"{"statusCode": 200}"#,
        "{statusCode: 200}",
        "{'statusCode': 200}",
        r#"{"statusCode": "200", "other": [1, {"statusCode": 5}]}"#,
        "#set($s = 200){\"statusCode\": $s}",
        "{\"statusCode\": #if($input.path('$.fine'))200#{else}200#end}",
        "\n  { \"statusCode\" : 200 , }\n",
    ] {
        check(fine, "{}", "200 body");
    }
    for bad in [
        "{}",
        "",
        "200",
        "{\"statusCode\": \"x\"}",
        "{\"statusCode\": 2.5}",
        "[200]",
        "{status: 200}",
    ] {
        check(bad, "", NO_STATUS);
    }
    check("{\"statusCode\": $input.path('$.s')}", r#"{"s": 200}"#, "200 body");
    check("{\"statusCode\": $input.path('$.s')}", "{}", NO_STATUS);
}

#[test]
fn the_status_names_a_response() {
    let api = of(|integration| {
        let template = "{\"statusCode\": $input.params('s')}".to_owned();
        integration.request_templates.insert("application/json".to_owned(), Some(template));
        integration.responses.clear();
        for (status, pattern) in [("200", "2\\d\\d"), ("404", "4\\d\\d"), ("500", "5\\d\\d")] {
            let pattern = Some(pattern.to_owned());
            let mut response =
                IntegrationResponse { selection_pattern: pattern, ..Default::default() };
            let template = format!("made for {status}");
            response.response_templates.insert("application/json".to_owned(), Some(template));
            integration.responses.insert(status.to_owned(), response);
        }
    });
    for (status, expected) in [
        ("201", "200 made for 200"),
        ("418", "404 made for 404"),
        ("500", "500 made for 500"),
        ("302", NO_MATCH),
    ] {
        let request = Request { query: vec![("s", status)], ..Request::default() };
        assert_eq!(told(&answer(&api, &request, "")), expected);
    }
}

#[test]
fn a_body_is_the_request_where_no_template_is() {
    let bare = of(|integration| integration.request_templates.clear());
    assert!(the_mock(&bare).needs_body());
    let json = Request::default();
    assert_eq!(told(&answer(&bare, &json, "{statusCode: 200}")), "200 body");
    assert_eq!(told(&answer(&bare, &json, "")), NO_STATUS);
    let other = with_request("{\"statusCode\": 200}");
    let text = Request::with(&[("content-type", "text/plain")]);
    assert_eq!(told(&answer(&other, &text, "{\"statusCode\": 200}")), "200 body");
    assert_eq!(told(&answer(&other, &text, "hello")), NO_STATUS);
    let never = of(|integration| {
        integration.passthrough_behavior = PassthroughBehavior::Never;
        let template = Some("{\"statusCode\": 200}".to_owned());
        integration.request_templates.insert("application/json".to_owned(), template);
    });
    assert!(!the_mock(&never).needs_body());
    assert_eq!(told(&answer(&never, &text, "")), "error 415 ");
    assert_eq!(told(&answer(&never, &json, "")), "200 body");
}

#[test]
fn overrides_of_the_request_reach_the_answer() {
    let api = of(|integration| {
        let template = "#set($context.responseOverride.status = 444)\
            #set($context.responseOverride.header.X-Teapot = 'short')\
            #set($context.requestOverride.path.body = $input.body)\
            {\"statusCode\": 200}";
        let template = Some(template.to_owned());
        integration.request_templates.insert("application/json".to_owned(), template);
        let response = integration.responses.get_mut("200").unwrap();
        let template = Some("$context.requestOverride.path.body|$input.body".to_owned());
        response.response_templates.insert("application/json".to_owned(), template);
    });
    let response = answer(&api, &Request::default(), "sent").unwrap();
    assert_eq!(response.status, 444);
    assert_eq!(response.body, "sent|{}", "a MOCK's own body is empty");
    assert!(response.headers.iter().any(|(name, value)| name == "x-teapot" && value == "short"));
}

#[test]
fn fixed_texts_come_by_the_short_way_and_by_the_long_one_alike() {
    let build = |binary: &[&str], convert: bool| {
        let mut method = mock("{\"statusCode\": 200}", "fixed");
        let integration = method.integration.as_mut().unwrap();
        integration.content_handling = convert.then_some(gw_model::ContentHandling::ConvertToText);
        let response = integration.responses.get_mut("200").unwrap();
        response.response_templates.insert("text/html".to_owned(), Some("<p>".to_owned()));
        response
            .response_parameters
            .insert("method.response.header.Access-Control-Allow-Origin".into(), "'*'".into());
        let mut api = api("abc", vec![("/", HttpMethod::Options, method)]);
        api.binary_media_types = binary.iter().map(|&media| media.to_owned()).collect();
        compiled(&api)
    };
    let (short, long) = (build(&[], false), build(&["*/*"], true));
    for headers in [&[][..], &[("accept", "text/html")], &[("accept", "*/*")]] {
        let request = Request::with(headers);
        let made = answer(&short, &request, "").unwrap();
        assert_eq!(made, answer(&long, &request, "").unwrap());
        assert_eq!(made.headers[0].1, "*");
    }
    // With every type binary, AWS cannot render the template of a preflight.
    let refused = answer(&build(&["*/*"], false), &Request::default(), "");
    assert_eq!(told(&refused), "error 500 Unable to transform request");
}
