//! The integration's answer -> the client's: which integration response,
//! headers, templates, contentHandling, overrides.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use bytes::Bytes;
use gw_model::{ContentHandling, HttpMethod, Integration, IntegrationResponse, RestApi};
use gw_snapshot::{CompiledApi, GatewayError, MappedResponse, Outcome, ResponseMapping, Selector};
use gw_template::Overrides;
use http::{HeaderMap, HeaderName, HeaderValue};
use support::*;

fn declared(edit: impl FnOnce(&mut Integration)) -> RestApi {
    api("abc", vec![("/", HttpMethod::Post, http(edit))])
}

/// An API whose answers map by these: status, pattern.
fn selecting(responses: &[(&str, Option<&str>)]) -> Arc<CompiledApi> {
    compiled(&declared(|integration| {
        for (status, pattern) in responses {
            let pattern = pattern.map(str::to_owned);
            let response = IntegrationResponse { selection_pattern: pattern, ..Default::default() };
            integration.responses.insert((*status).to_owned(), response);
        }
    }))
}

/// An API with one response, the default one.
fn one(edit: impl FnOnce(&mut IntegrationResponse)) -> Arc<CompiledApi> {
    let mut response = IntegrationResponse::default();
    edit(&mut response);
    compiled(&declared(|integration| {
        integration.responses.insert("200".to_owned(), response);
    }))
}

fn mapping(api: &CompiledApi) -> &ResponseMapping {
    match &api.routes().next().unwrap().1.integration {
        gw_snapshot::Integration::Http(http) => &http.response,
        other => panic!("{other:?}"),
    }
}

/// An integration's answer as tables.
#[derive(Default)]
struct Answer {
    request: Request,
    headers: Vec<(&'static str, &'static str)>,
    body: &'static [u8],
    overrides: Overrides,
}

impl Answer {
    fn map(
        &self,
        api: &CompiledApi,
        selector: Selector<'_>,
    ) -> Result<MappedResponse, GatewayError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let (values, body) = (&self.request, &Bytes::from_static(self.body));
        let overrides = &self.overrides;
        let outcome = Outcome { values, status: 200, headers: &headers, body, overrides };
        mapping(api).apply(selector, &outcome, None)
    }

    fn mapped(&self, api: &CompiledApi) -> MappedResponse {
        self.map(api, Selector::Status(200)).unwrap()
    }

    fn refused(&self, api: &CompiledApi) -> String {
        told(&self.map(api, Selector::Status(200)).unwrap_err())
    }
}

fn body(body: &'static [u8]) -> Answer {
    Answer { body, ..Answer::default() }
}

fn told(error: &GatewayError) -> String {
    let message = error.message.as_deref().unwrap_or_default();
    let log = error.log.as_deref().unwrap_or_default();
    let log = log.strip_prefix("Execution failed due to configuration error: ").unwrap_or(log);
    format!("{} {message} | {log}", error.status.as_u16())
}

fn headers(response: &MappedResponse) -> Vec<(&str, &str)> {
    response.headers.iter().map(|(n, v)| (n.as_str(), v.to_str().unwrap())).collect()
}

const NO_MATCH: &str = "500 Internal server error | No match for output mapping and no default \
                        output mapping configured";

#[test]
fn selection() {
    let check = |responses: &[(&str, Option<&str>)], selector: Selector<'_>, expected: &str| {
        let found = match body(b"").map(&selecting(responses), selector) {
            Ok(response) => response.status.as_str().to_owned(),
            Err(error) => told(&error),
        };
        assert_eq!(found, expected, "{responses:?} {selector:?}");
    };
    let status = Selector::Status;
    let usual = [("200", None), ("400", Some("4\\d{2}")), ("500", Some("5\\d{2}"))];
    check(&usual, status(200), "200");
    check(&usual, status(302), "200");
    check(&usual, status(404), "400");
    check(&usual, status(503), "500");
    // The whole text, as Java's `matches`.
    check(&[("200", Some("20")), ("404", None)], status(200), "404");
    check(&[("200", Some("2|20")), ("404", None)], status(200), "404");
    check(&[("200", Some("2\\d\\d")), ("201", Some("201"))], status(201), "200");
    check(&[("200", Some("")), ("404", Some("404"))], status(500), "200");
    check(&[], status(200), NO_MATCH);
    check(&[("404", Some("404"))], status(200), NO_MATCH);
    // `.*` takes the place of the default response.
    check(&[("200", None), ("500", Some(".*"))], Selector::Error(None), "500");
    let errors = [("200", None), ("400", Some("Bad.*")), ("500", Some("(\\n|.)+"))];
    check(&errors, Selector::Error(None), "200");
    check(&errors, Selector::Error(Some("Bad input")), "400");
    check(&errors, Selector::Error(Some("anything")), "500");
    check(&errors, Selector::Error(Some("Bad\nlines")), "500");
    check(&errors, Selector::Error(Some("")), "200");
    check(&[("400", Some("(?s)Bad.*"))], Selector::Error(Some("Bad\r\nlines")), "400");
    check(&[("400", Some(".*[Ee]rror.*"))], Selector::Error(Some("an Error")), "400");
    check(&[("400", Some("\\QA.B\\E\\w+"))], Selector::Error(Some("A.Bc")), "400");
    // Lookaround and back references.
    check(&[("400", Some("(?!Fine).*")), ("200", None)], Selector::Error(Some("Fine")), "200");
    check(&[("400", Some("(?!Fine).*")), ("200", None)], Selector::Error(Some("Bad")), "400");
    check(&[("400", Some("(.)\\1")), ("200", None)], Selector::Error(Some("aa")), "400");
    check(&[("400", Some("^(?=.*x)[a-z]+$"))], Selector::Error(Some("axb")), "400");
}

#[test]
fn patterns_that_cannot_be_tried_end_the_search() {
    let bad = selecting(&[("200", None), ("400", Some("4(")), ("500", Some("5.."))]);
    let warnings: Vec<_> = bad.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1);
    let start = "POST /: integration response 400: selection pattern \"4(\" cannot be compiled: ";
    assert!(warnings[0].starts_with(start), "{warnings:?}");
    assert!(body(b"").refused(&bad).ends_with("selection pattern \"4(\" cannot be compared"));
    // What is a pattern with a group around it only is none.
    for (pattern, place) in [("4)|(?:5", 1), ("(4", 2)] {
        let bad = selecting(&[("200", None), ("400", Some(pattern))]);
        let reasons: Vec<_> = bad.warnings().iter().map(|fault| &fault.reason).collect();
        assert_eq!(reasons.len(), 1, "{pattern}");
        let told = format!("Parsing error at position {place}:");
        assert!(reasons[0].contains(&told), "{reasons:?}");
    }
    // What comes before it is chosen as ever.
    let later = selecting(&[("200", Some("200")), ("400", Some("4("))]);
    assert!(body(b"").map(&later, Selector::Status(200)).is_ok());
    // A pattern that backtracks for ever, and one that would be huge.
    let bomb = selecting(&[("200", None), ("400", Some("(?:(a+)\\1?)+b"))]);
    let text = "a".repeat(5000);
    let error = body(b"").map(&bomb, Selector::Error(Some(&text))).unwrap_err();
    assert!(told(&error).ends_with("cannot be compared"), "{}", told(&error));
    let huge = selecting(&[("200", None), ("400", Some("((\\w{500}){500}){500}"))]);
    assert_eq!(huge.warnings().len(), 1);
    assert!(huge.warnings()[0].reason.contains("cannot be compiled"), "{:?}", huge.warnings());
}

#[test]
fn headers_come_from_the_answer() {
    let api = one(|response| {
        for (to, from) in [
            ("last", "integration.response.header.X-A"),
            ("all", "integration.response.multivalueheader.X-A"),
            ("none", "integration.response.header.X-None"),
            ("body", "integration.response.body"),
            ("part", "integration.response.body.a.b"),
            ("static", "'text'"),
            ("variable", "stageVariables.v"),
            ("id", "context.requestId"),
            ("message", "integration.response.body.errorMessage.type"),
        ] {
            let to = format!("method.response.header.{to}");
            response.response_parameters.insert(to, from.to_owned());
        }
    });
    assert_eq!(api.warnings(), []);
    let mut answer = Answer {
        headers: vec![("x-a", "1"), ("x-a", "2"), ("x-other", "3")],
        body: br#"{"a":{"b":[1]},"errorMessage":"{\"type\":\"Oops\"}"}"#,
        ..Answer::default()
    };
    answer.request.variables = vec![("v", "blue")];
    let response = answer.mapped(&api);
    assert_eq!(
        headers(&response),
        [
            ("all", "1,2"),
            ("body", r#"{"a":{"b":[1]},"errorMessage":"{\"type\":\"Oops\"}"}"#),
            ("id", "requestId"),
            ("last", "2"),
            ("message", "Oops"),
            ("part", "[1]"),
            ("static", "text"),
            ("variable", "blue"),
            ("content-type", "application/json"),
        ]
    );
    // Where `errorMessage` is an object or a plain text.
    answer.body = br#"{"errorMessage":{"type":"Object"}}"#;
    assert!(headers(&answer.mapped(&api)).contains(&("message", "Object")));
    answer.body = br#"{"errorMessage":"plain"}"#;
    assert!(!headers(&answer.mapped(&api)).iter().any(|(name, _)| *name == "message"));
    answer.body = b"{";
    let refused = answer.refused(&api);
    assert!(
        refused.starts_with("500 Internal server error | Invalid JSON in response body"),
        "{refused}"
    );
}

#[test]
fn forbidden_names_are_renamed() {
    for name in [
        "Authorization",
        "Connection",
        "Content-Length",
        "Content-MD5",
        "Date",
        "Expect",
        "Host",
        "Max-Forwards",
        "Proxy-Authenticate",
        "Server",
        "Trailer",
        "Upgrade",
        "User-Agent",
        "WWW-Authenticate",
    ] {
        let lower = format!("x-amzn-remapped-{}", name.to_lowercase());
        let api = one(|response| {
            let to = format!("method.response.header.{name}");
            response.response_parameters.insert(to, "'v'".to_owned());
        });
        assert_eq!(headers(&body(b"").mapped(&api))[0], (lower.as_str(), "v"));
        let api = one(|response| {
            let template = format!("#set($context.responseOverride.header.{name} = 'o')");
            response.response_templates.insert("application/json".to_owned(), Some(template));
        });
        assert_eq!(headers(&body(b"").mapped(&api))[0], (lower.as_str(), "o"));
    }
    let api = one(|response| {
        let template = "#foreach($a in [1..6])#foreach($b in [1..200])\
            #set($context.responseOverride.header[\"n${a}x$b\"] = 'v')#end#end";
        response.response_templates.insert("application/json".into(), Some(template.into()));
    });
    assert!(body(b"").refused(&api).ends_with("1200 headers, at most 1000 allowed"));
    let api = one(|response| {
        response.response_parameters.insert("method.response.header.TE".into(), "'v'".into());
        response
            .response_parameters
            .insert("method.response.header.Content-Type".into(), "'a/b'".into());
    });
    assert_eq!(headers(&body(b"").mapped(&api)), [("content-type", "a/b"), ("te", "v")]);
    let api = one(|response| {
        let to = "method.response.header.Transfer-Encoding".to_owned();
        response.response_parameters.insert(to, "'chunked'".to_owned());
    });
    assert_eq!(api.warnings().len(), 1);
    assert_eq!(
        body(b"").refused(&api),
        "500 Internal server error | Transfer-Encoding cannot be mapped"
    );
}

#[test]
fn templates_by_accept() {
    let with = |templates: &[(&str, Option<&str>)]| {
        one(|response| {
            let own = |(media, text): &(&str, Option<&str>)| {
                ((*media).to_owned(), text.map(str::to_owned))
            };
            response.response_templates = templates.iter().map(own).collect();
        })
    };
    let check =
        |templates: &[(&str, Option<&str>)], accept: Option<&'static str>, expected: &str| {
            let request = accept.map_or_else(Request::default, |a| Request::with(&[("accept", a)]));
            let answer = Answer { request, ..body(b"B") };
            let response = answer.mapped(&with(templates));
            let text = String::from_utf8(response.body.to_vec()).unwrap();
            assert_eq!(format!("{} {text}", headers(&response)[0].1), expected, "{accept:?}");
        };
    let both = [("application/json", Some("J")), ("text/html", Some("H"))];
    check(&both, None, "application/json J");
    check(&both, Some("text/html"), "text/html H");
    check(&both, Some("text/html;q=0.5, application/json"), "text/html H");
    check(&both, Some("*/*"), "application/json J");
    check(&both, Some("image/png"), "application/json J");
    check(&both[1..], Some("image/png"), "text/html H");
    check(&[], Some("text/html"), "application/json B");
    check(&[("application/json", Some(""))], None, "application/json B");
    check(&[("text/html", None)], None, "text/html B");
    check(&[("$default", Some("<$input.body>"))], Some("a/b"), "application/json <B>");
}

#[test]
fn content_handling() {
    use ContentHandling::{ConvertToBinary, ConvertToText};
    let with = |handling, template: Option<&str>| {
        let mut declared = declared(|integration| {
            let mut response =
                IntegrationResponse { content_handling: handling, ..Default::default() };
            if let Some(template) = template {
                let template = Some(template.to_owned());
                response.response_templates.insert("application/json".to_owned(), template);
            }
            integration.responses.insert("200".to_owned(), response);
        });
        declared.binary_media_types = vec!["image/png".to_owned()];
        compiled(&declared)
    };
    let answer = |media, accept, body| Answer {
        request: Request::with(&[("accept", accept)]),
        headers: vec![("content-type", media)],
        body,
        ..Answer::default()
    };
    let (png, json) = ("image/png", "application/json");
    let made = |api: &CompiledApi, answer: &Answer| match answer.map(api, Selector::Status(200)) {
        Ok(response) => format!("{:?}", response.body),
        Err(error) => told(&error),
    };
    const DECODE: &str = "500 Internal server error | Unable to base64 decode the body.";
    const TRANSFORM: &str = "500 Internal server error | Unable to transform response";
    let plain = with(None, None);
    assert_eq!(made(&plain, &answer(png, json, b"\xff")), "b\"/w==\"");
    assert_eq!(made(&plain, &answer(png, png, b"\xff")), "b\"\\xff\"");
    assert_eq!(made(&plain, &answer(json, json, b"/w==")), "b\"/w==\"");
    assert_eq!(made(&plain, &answer(json, "image/png, */*", b"/w==")), "b\"\\xff\"");
    assert_eq!(made(&plain, &answer(json, png, b"<html>")), DECODE);
    let text = with(Some(ConvertToText), None);
    assert_eq!(made(&text, &answer(png, png, b"\xff")), "b\"/w==\"");
    assert_eq!(made(&text, &answer(json, png, b"text")), "b\"text\"");
    let binary = with(Some(ConvertToBinary), None);
    assert_eq!(made(&binary, &answer(png, json, b"\xff")), "b\"\\xff\"");
    assert_eq!(made(&binary, &answer(json, json, b"\"/w==\"")), "b\"\\xff\"");
    let seen = with(Some(ConvertToText), Some("<$input.body>"));
    assert_eq!(made(&seen, &answer(png, png, b"\xff")), "b\"</w==>\"");
    assert_eq!(made(&with(None, Some("<$input.body>")), &answer(png, png, b"\xff")), TRANSFORM);
    // An integration without a body: what the template makes is converted.
    let image = with(Some(ConvertToBinary), Some("/w=="));
    assert_eq!(made(&image, &answer(png, png, b"")), "b\"\\xff\"");
}

#[test]
fn overrides() {
    let api = one(|response| {
        let template = "#set($context.responseOverride.header.x-a = 'over')\
            #set($context.responseOverride.header.list = ['1', '2'])\
            #if($input.path('$.bad'))#set($context.responseOverride.status = 422)#end\
            #if($input.path('$.odd'))#set($context.responseOverride.status = 'teapot')#end\
            #if($input.path('$.early'))#set($context.responseOverride.status = 103)#end\
            $context.requestOverride.header.seen";
        response.response_templates.insert("application/json".into(), Some(template.to_owned()));
        for name in ["X-A", "X-B"] {
            let to = format!("method.response.header.{name}");
            response.response_parameters.insert(to, "'mapped'".to_owned());
        }
    });
    let response = body(b"{}").mapped(&api);
    assert_eq!(response.status, 200);
    assert_eq!(
        headers(&response),
        [("x-b", "mapped"), ("x-a", "over"), ("list", "1,2"), ("content-type", "application/json")]
    );
    assert_eq!(body(br#"{"bad": 1}"#).mapped(&api).status, 422);
    assert_eq!(body(br#"{"odd": 1}"#).mapped(&api).status, 200);
    assert_eq!(body(br#"{"early": 1}"#).mapped(&api).status, 200);
    // What the request's template has overridden is still there.
    let mut before = body(b"{}");
    before.overrides.response.status = Some(444);
    before.overrides.response.header = vec![("x-early".to_owned(), vec!["e".to_owned()])];
    before.overrides.request.header = vec![("seen".to_owned(), vec!["yes".to_owned()])];
    let response = before.mapped(&api);
    assert_eq!((response.status.as_u16(), &response.body[..]), (444, &b"yes"[..]));
    assert!(headers(&response).contains(&("x-early", "e")));
    before.body = br#"{"bad": 1}"#;
    assert_eq!(before.mapped(&api).status, 422);
    // Also where no template is rendered.
    let bare = one(|_| {});
    assert_eq!(before.mapped(&bare).status, 444);
}

#[test]
fn templates_see_the_answer_and_the_request() {
    let template = "$input.json('$.a')|$input.params('q')|$input.params('X-H')|\
        $input.params().header.get('X-H')|$context.requestTimeEpoch|$context.isCanaryRequest|\
        $context.identity.caller|$context.awsEndpointRequestId|$stageVariables.v|\
        $input.params('id')|$context.nothing.here|$!context.identity.user";
    let api = one(|response| {
        response.response_templates.insert("application/json".into(), Some(template.to_owned()));
    });
    let mut answer = Answer {
        request: Request::with(&[("x-h", "h")]),
        headers: vec![("x-amzn-requestid", "their-id")],
        body: br#"{"a": [1, "x"]}"#,
        ..Answer::default()
    };
    answer.request.query = vec![("q", "first"), ("q", "last")];
    answer.request.path = vec![("id", "a%2Fb%20c")];
    answer.request.variables = vec![("v", "blue")];
    let response = answer.mapped(&api);
    assert_eq!(
        String::from_utf8_lossy(&response.body),
        r#"[1,"x"]|last|h|h|1583349317135|true||their-id|blue|a/b c||"#
    );
}

#[test]
fn templates_that_fail() {
    let with = |template: &str, answer: &Answer| {
        let api = one(|response| {
            response
                .response_templates
                .insert("application/json".into(), Some(template.to_owned()));
        });
        answer.refused(&api)
    };
    let log = "500 Internal server error | Unable to transform response: template \
               application/json, line 1, column ";
    assert!(with("#foreach($x in", &body(b"{}")).starts_with(log));
    assert!(with("$input.path('$.a')", &body(b"{\"a\":")).starts_with(log));
    assert!(with("$input.path('$..[')", &body(b"{}")).starts_with(log));
}
