//! The client's request -> the integration's: parameters, templates by media
//! type, passthrough, contentHandling, overrides.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use bytes::Bytes;
use gw_model::{ContentHandling, HttpMethod, Integration, PassthroughBehavior, RestApi};
use gw_snapshot::{
    BinaryMediaTypes, CompiledApi, Event, GatewayError, Inbound, MappedRequest, Record,
    RequestMapping, Values,
};
use support::*;

fn declared(edit: impl FnOnce(&mut Integration)) -> RestApi {
    api("abc", vec![("/{id}", HttpMethod::Post, http(edit))])
}

fn mapping(api: &CompiledApi) -> &RequestMapping {
    match &api.routes().next().unwrap().1.integration {
        gw_snapshot::Integration::Http(http) => &http.request,
        other => panic!("{other:?}"),
    }
}

fn apply(
    api: &Arc<CompiledApi>,
    request: &Request,
    body: &'static [u8],
) -> Result<MappedRequest, GatewayError> {
    let body = Bytes::from_static(body);
    mapping(api).apply(&Inbound { values: request, body: &body }, None)
}

/// A request whose templates get few steps.
struct Hurried(Request, u64);

impl Values for Hurried {
    fn inner(&self) -> Option<&dyn Values> {
        Some(&self.0)
    }

    fn template_steps(&self) -> Option<u64> {
        Some(self.1)
    }
}

#[test]
fn templates_that_want_more_steps_say_so() {
    let long = "#foreach($i in [1..500])#set($n = $i)#end$n";
    let api = compiled(&declared(|integration| {
        integration.request_templates.insert("application/json".into(), Some(long.into()));
    }));
    let body = Bytes::new();
    let with = |steps| {
        let values = Hurried(Request::default(), steps);
        mapping(&api).apply(&Inbound { values: &values, body: &body }, None)
    };
    assert!(with(100).unwrap_err().is_unfinished);
    assert_eq!(&*with(100_000).unwrap().body, b"500");
    // What no number of steps brings to an end is a fault.
    let bomb =
        "#foreach($i in [1..1000])#foreach($j in [1..1000])#foreach($k in [1..1000])x#end#end#end";
    let api = compiled(&declared(|integration| {
        integration.request_templates.insert("application/json".into(), Some(bomb.into()));
    }));
    let error = apply(&api, &Request::default(), b"").unwrap_err();
    assert!(!error.is_unfinished, "{}", told(&error));
    assert_eq!(error.status.as_u16(), 500);
}

/// `status message | log` of an error.
fn told(error: &GatewayError) -> String {
    let message = error.message.as_deref().unwrap_or_default();
    format!("{} {message} | {}", error.status.as_u16(), error.log.as_deref().unwrap_or_default())
}

/// What one mapped header becomes.
#[track_caller]
fn header(source: &str, request: &Request, body: &'static [u8], expected: Option<&str>) {
    let api = compiled(&declared(|integration| {
        let target = "integration.request.header.X-To".to_owned();
        integration.request_parameters.insert(target, source.to_owned());
    }));
    let mapped = apply(&api, request, body).unwrap();
    let found = mapped.headers.iter().find(|(name, _)| name == "x-to");
    let found = found.map(|(_, value)| String::from_utf8_lossy(value.as_bytes()).into_owned());
    assert_eq!(found.as_deref(), expected, "{source}");
}

#[test]
fn sources_of_parameters() {
    let mut request = Request::with(&[("x-a", "one"), ("x-a", "two"), ("x-b", "b")]);
    request.query = vec![("q", "1"), ("q", "2 3"), ("empty", "")];
    request.path = vec![("id", "a%20b")];
    request.variables = vec![("color", "blue")];
    header("method.request.header.X-A", &request, b"", Some("two"));
    header("method.request.header.x-b", &request, b"", Some("b"));
    header("method.request.header.none", &request, b"", None);
    header("method.request.multivalueheader.X-A", &request, b"", Some("one,two"));
    header("method.request.querystring.q", &request, b"", Some("2 3"));
    header("method.request.querystring.empty", &request, b"", Some(""));
    header("method.request.querystring.none", &request, b"", None);
    header("method.request.multivaluequerystring.q", &request, b"", Some("1,2 3"));
    header("method.request.path.id", &request, b"", Some("a b"));
    header("method.request.path.none", &request, b"", None);
    header("stageVariables.color", &request, b"", Some("blue"));
    header("stageVariables.none", &request, b"", None);
    header("context.requestId", &request, b"", Some("requestId"));
    header("context.identity.caller", &request, b"", None);
    header("context.authorizer.principalId", &request, b"", None);
    header("'static text'", &request, b"", Some("static text"));
    header("''", &request, b"", Some(""));
    header("'\u{e9}'", &request, b"", Some("\u{e9}"));
}

#[test]
fn values_of_the_body() {
    let request = Request::default();
    let body = br#" {"a": {"b": ["x", 2, null, true]}, "s": "text", "n": 10.50, "z": null} "#;
    let trimmed = r#"{"a": {"b": ["x", 2, null, true]}, "s": "text", "n": 10.50, "z": null}"#;
    header("method.request.body", &request, body, Some(trimmed));
    header("method.request.body.s", &request, body, Some("text"));
    header("method.request.body.a.b[0]", &request, body, Some("x"));
    header("method.request.body.a.b[1]", &request, body, Some("2"));
    header("method.request.body.a.b[3]", &request, body, Some("true"));
    header("method.request.body.a.b[2]", &request, body, None);
    header("method.request.body.z", &request, body, None);
    header("method.request.body.none.deeper", &request, body, None);
    header("method.request.body.a", &request, body, Some(r#"{"b":["x",2,null,true]}"#));
    header("method.request.body.a.b[*]", &request, body, Some(r#"["x",2,null,true]"#));
    header("method.request.body['s']", &request, body, Some("text"));
    header("method.request.body[1]", &request, b"[1,2]", Some("2"));
    // An empty body is an empty object; one that does not begin as JSON is text.
    header("method.request.body", &request, b"", Some("{}"));
    header("method.request.body.s", &request, b"", None);
    header("method.request.body", &request, b"plain", Some("plain"));
    header("method.request.body.s", &request, b"plain", None);
    header("method.request.body", &request, b"12", Some("12"));
}

#[test]
fn a_body_that_is_no_json() {
    let api = compiled(&declared(|integration| {
        let target = "integration.request.querystring.a".to_owned();
        integration.request_parameters.insert(target, "method.request.body.a".to_owned());
    }));
    for body in [&b"{"[..], b"[1", b"\"x", b"'x'", b"{\"a\": }"] {
        let error = apply(&api, &Request::default(), body).unwrap_err();
        assert!(told(&error).starts_with("400 Invalid JSON in request body | "), "{body:?}");
        assert_eq!(error.error_type, "BadRequestException");
    }
    assert!(apply(&api, &Request::default(), b"no json").unwrap().query.is_empty());
}

#[test]
fn query_and_path() {
    let parameters = [
        ("integration.request.querystring.all", "method.request.multivaluequerystring.q"),
        ("integration.request.querystring.last", "method.request.querystring.q"),
        ("integration.request.querystring.none", "method.request.querystring.none"),
        ("integration.request.querystring.p", "method.request.path.id"),
        ("integration.request.path.id", "method.request.path.id"),
        ("integration.request.path.q", "method.request.querystring.q"),
        ("integration.request.path.dots", "method.request.header.dots"),
        ("integration.request.path.v", "stageVariables.v"),
    ];
    let api = compiled(&declared(|integration| {
        integration.uri = Some("http://b/{id}/{q}/{dots}/{v}?x={q}".to_owned());
        integration.request_parameters =
            parameters.map(|(to, from)| (to.to_owned(), from.to_owned())).into();
    }));
    let mut request = Request::with(&[("dots", "..")]);
    request.query = vec![("q", "1"), ("q", "a/b&c=d+")];
    request.path = vec![("id", "x%2Fy/z")];
    request.variables = vec![("v", "one/two")];
    let mapped = apply(&api, &request, b"").unwrap();
    let query: Vec<(&str, &str)> =
        mapped.query.iter().map(|(name, value)| (&**name, &**value)).collect();
    let expected = [("all", "1"), ("all", "a/b&c=d+"), ("last", "a/b&c=d+"), ("p", "x/y/z")];
    assert_eq!(query, expected);
    let routes = api.routes().next().unwrap().1;
    let backend = routes.integration.http_backend().unwrap();
    let stage =
        gw_snapshot::CompiledStage::bind(&key("abc", "s"), &release(&declared(|_| {})), |_| {
            Some(api.clone())
        });
    let stage = stage.unwrap();
    let target = stage.main().target(0, backend).unwrap();
    assert_eq!(
        target.mapped(&mapped).unwrap(),
        "/x%2Fy/z/a%2Fb&c=d+//one/two?x=a%2Fb%26c%3Dd%2B&all=1&all=a%2Fb%26c%3Dd%2B\
         &last=a%2Fb%26c%3Dd%2B&p=x%2Fy%2Fz"
    );
}

#[test]
fn forbidden_headers_fail_where_there_is_a_value() {
    for name in
        ["Content-Length", "Transfer-Encoding", "X-Amzn-Trace-Id", "X-Amzn-Apigateway-Api-Id"]
    {
        let declared = declared(|integration| {
            let target = format!("integration.request.header.{name}");
            let source = "method.request.header.x".to_owned();
            integration.request_parameters.insert(target, source);
        });
        let api = compiled(&declared);
        assert!(apply(&api, &Request::default(), b"").is_ok());
        let error = apply(&api, &Request::with(&[("x", "1")]), b"").unwrap_err();
        let lower = name.to_lowercase();
        assert_eq!(
            told(&error),
            format!(
                "500 Internal server error | Execution failed due to configuration error: header \
                 {lower} cannot be mapped"
            )
        );
        let warning = format!("poisoned POST /{{id}}: header {lower} cannot be mapped");
        assert_eq!(
            api.warnings().iter().map(|f| format!("poisoned {f}")).collect::<Vec<_>>(),
            [warning]
        );
    }
    // Only calls that we sign refuse these.
    header("'x'", &Request::default(), b"", Some("x"));
}

/// The body that is made of `body` sent as `media`, or the error.
fn made(api: &Arc<CompiledApi>, media: Option<&'static str>, body: &'static [u8]) -> String {
    let request =
        media.map_or_else(Request::default, |media| Request::with(&[("content-type", media)]));
    match apply(api, &request, body) {
        Ok(mapped) => format!("{:?}", mapped.body),
        Err(error) => told(&error),
    }
}

#[test]
fn passthrough_behaviours() {
    use PassthroughBehavior::{Never, WhenNoMatch, WhenNoTemplates};
    const UNSUPPORTED: &str = "415 Unsupported Media Type | ";
    let table = [
        (WhenNoMatch, false, "b\"B\""),
        (WhenNoMatch, true, "b\"B\""),
        (WhenNoTemplates, false, "b\"B\""),
        (WhenNoTemplates, true, UNSUPPORTED),
        (Never, false, UNSUPPORTED),
        (Never, true, UNSUPPORTED),
    ];
    for (behavior, has_templates, expected) in table {
        let api = compiled(&declared(|integration| {
            integration.passthrough_behavior = behavior;
            if has_templates {
                integration.request_templates.insert("application/json".into(), Some("T".into()));
            }
        }));
        assert_eq!(made(&api, Some("text/plain"), b"B"), expected, "{behavior:?} {has_templates}");
        if has_templates {
            for media in [None, Some("application/json"), Some("Application/JSON; charset=utf-8")] {
                assert_eq!(made(&api, media, b"B"), "b\"T\"", "{behavior:?} {media:?}");
            }
        }
    }
    let error = GatewayError::of(gw_model::GatewayResponseType::UnsupportedMediaType);
    assert_eq!(error.error_type, "BadRequestException");
}

#[test]
fn templates_by_media_type() {
    let api = compiled(&declared(|integration| {
        integration.passthrough_behavior = PassthroughBehavior::Never;
        integration.request_templates = [
            ("application/json", Some("json")),
            ("application/xml", Some("")),
            ("text/null", None),
            ("$default", Some("default $input.body")),
        ]
        .map(|(media, text)| (media.to_owned(), text.map(str::to_owned)))
        .into();
    }));
    assert_eq!(made(&api, None, b"B"), "b\"json\"");
    assert_eq!(
        made(&api, Some("application/xml"), b"B"),
        "b\"\"",
        "an empty template, an empty body"
    );
    assert_eq!(made(&api, Some("text/null"), b"B"), "b\"B\"", "null leaves the body");
    assert_eq!(made(&api, Some("text/plain"), b"B"), "b\"default B\"");
    assert_eq!(
        made(&api, Some("text/plain"), b""),
        "b\"default {}\"",
        "an empty body reads as {{}}"
    );
}

#[test]
fn content_handling() {
    use ContentHandling::{ConvertToBinary, ConvertToText};
    let with = |handling, template: Option<&str>, binary: &[&str]| {
        let mut declared = declared(|integration| {
            integration.content_handling = handling;
            if let Some(template) = template {
                let template = Some(template.to_owned());
                integration.request_templates.insert("$default".to_owned(), template);
            }
        });
        declared.binary_media_types = binary.iter().map(|&media| media.to_owned()).collect();
        compiled(&declared)
    };
    let png = Some("image/png");
    let image: &[&str] = &["image/*"];
    const TRANSFORM: &str = "500 Internal server error | Execution failed due to configuration \
                             error: Unable to transform request";
    const DECODE: &str = "500 Internal server error | Execution failed due to configuration \
                          error: Unable to base64 decode the body.";
    assert_eq!(made(&with(None, None, image), png, b"\xff\x00"), "b\"\\xff\\0\"");
    assert_eq!(made(&with(Some(ConvertToText), None, image), png, b"\xff\x00"), "b\"/wA=\"");
    assert_eq!(made(&with(Some(ConvertToBinary), None, image), png, b"\xff\x00"), "b\"\\xff\\0\"");
    assert_eq!(made(&with(Some(ConvertToBinary), None, image), None, b"/wA="), "b\"\\xff\\0\"");
    assert_eq!(made(&with(Some(ConvertToBinary), None, &[]), None, b"{}"), DECODE);
    // Templates see bytes as base64, and only so.
    let seen = with(Some(ConvertToText), Some("<$input.body>"), image);
    assert_eq!(made(&seen, png, b"\xff\x00"), "b\"</wA=>\"");
    assert_eq!(made(&with(None, Some("<$input.body>"), image), png, b"\xff\x00"), TRANSFORM);
    assert_eq!(made(&with(None, Some("fixed"), &["*/*"]), None, b""), TRANSFORM);
    let decoded = with(Some(ConvertToBinary), Some("<$input.body>"), image);
    assert_eq!(made(&decoded, None, b"/wA="), TRANSFORM);
    assert_eq!(
        made(&with(None, Some("<$input.body>"), image), None, b"\xffa"),
        "b\"<\\xef\\xbf\\xbda>\""
    );
    assert!(BinaryMediaTypes::new(&["*/*"]).of_content_type(&Request::default()));
}

#[test]
fn overrides_win_over_mappings() {
    let template = "#set($context.requestOverride.header.x-a = 'over')\
        #set($context.requestOverride.header.many = ['1', '2'])\
        #set($context.requestOverride.querystring.q = ['x', 'y'])\
        #set($context.requestOverride.querystring.new = $input.path('$.n'))\
        #set($context.requestOverride.path.id = 'a b/c')\
        #set($context.responseOverride.status = 444)body";
    let api = compiled(&declared(|integration| {
        integration.uri = Some("http://b/{id}/{free}".to_owned());
        integration.request_templates.insert("application/json".into(), Some(template.to_owned()));
        for (to, from) in [
            ("header.X-A", "'mapped'"),
            ("header.X-B", "'mapped'"),
            ("querystring.q", "'mapped'"),
            ("querystring.r", "'mapped'"),
            ("path.id", "'mapped'"),
        ] {
            let to = format!("integration.request.{to}");
            integration.request_parameters.insert(to, from.to_owned());
        }
    }));
    assert_eq!(api.warnings(), [], "a template may fill what no mapping does");
    let mapped = apply(&api, &Request::default(), br#"{"n": 7}"#).unwrap();
    let headers: Vec<_> =
        mapped.headers.iter().map(|(n, v)| (n.as_str(), v.to_str().unwrap())).collect();
    assert_eq!(headers, [("x-b", "mapped"), ("x-a", "over"), ("many", "1,2")]);
    let query: Vec<_> = mapped.query.iter().map(|(n, v)| (&**n, &**v)).collect();
    assert_eq!(query, [("r", "mapped"), ("q", "x"), ("q", "y"), ("new", "7")]);
    assert_eq!(mapped.path, [("id".to_owned(), "a%20b/c".to_owned())]);
    assert_eq!(mapped.overrides.response.status, Some(444));
    assert_eq!(mapped.body, "body");
}

#[test]
fn overrides_are_as_bounded_as_mappings() {
    let with = |template: &str| {
        let api = compiled(&declared(|integration| {
            let template = Some(template.to_owned());
            integration.request_templates.insert("application/json".into(), template);
        }));
        apply(&api, &Request::default(), b"")
    };
    let error = with("#set($context.requestOverride.header.Content-Length = '1')").unwrap_err();
    assert!(told(&error).ends_with("header content-length cannot be mapped"));
    let mapped = with("#set($context.requestOverride.path.id = 'a/../b')").unwrap();
    assert_eq!(mapped.path, [], "no value climbs");
    let template = "#set($bad = $util.urlDecode('a%0Ab'))\
                    #set($context.requestOverride.header.x = $bad)";
    assert_eq!(with(template).unwrap().headers, []);
    for (part, what) in [
        ("header", "headers"),
        ("querystring", "overridden query parameters"),
        ("path", "overridden path parameters"),
    ] {
        let put = |count: usize| {
            let set = format!("#set($context.requestOverride.{part}[\"n${{a}}x$b\"] = 'v')");
            format!("#foreach($a in [1..{count}])#foreach($b in [1..200]){set}#end#end")
        };
        assert!(with(&put(5)).is_ok(), "{part}");
        let log = format!("1200 {what}, at most 1000 allowed");
        assert!(told(&with(&put(6)).unwrap_err()).ends_with(&log), "{part}");
    }
}

#[test]
fn templates_that_fail() {
    let with = |template: &str, body: &'static [u8]| {
        let api = compiled(&declared(|integration| {
            let template = Some(template.to_owned());
            integration.request_templates.insert("application/json".into(), template);
        }));
        told(&apply(&api, &Request::default(), body).unwrap_err())
    };
    assert!(
        with("$input.path('$.a')", b"{")
            .starts_with("400 Could not parse request body into json: ")
    );
    let log = "500 Internal server error | Execution failed due to configuration error: Unable to \
               transform request: template application/json, line ";
    assert!(with("#if(", b"").starts_with(log));
    let bomb = "#macro(m)#m()#m()#end#m()";
    assert!(with(bomb, b"").starts_with(log), "{}", with(bomb, b""));
    let bomb = "#set($s = 'aaaaaaaaaaaaaaaa')#foreach($i in [1..40])#set($s = \"$s$s\")#end$s";
    assert!(with(bomb, b"").contains("bytes"), "{}", with(bomb, b""));
    let bomb =
        "#foreach($i in [1..1000])#foreach($j in [1..1000])#foreach($k in [1..1000])x#end#end#end";
    assert!(with(bomb, b"").contains("steps"), "{}", with(bomb, b""));
    let deep: &'static [u8] = Box::leak("[".repeat(100_000).into_bytes().into_boxed_slice());
    assert!(with("$input.json('$')", deep).starts_with("400 "));
}

#[derive(Default)]
struct Seen(Vec<String>);

impl Record for Seen {
    fn record(&mut self, event: Event<'_>) {
        self.0.push(format!("{event:?}"));
    }
}

#[test]
fn a_recorder_sees_what_was_done() {
    let seen = |template: Option<&str>, body: &'static [u8]| {
        let api = compiled(&declared(|integration| {
            if let Some(template) = template {
                let template = Some(template.to_owned());
                integration.request_templates.insert("application/json".to_owned(), template);
            }
        }));
        let mut seen = Seen::default();
        let body = Bytes::from_static(body);
        let inbound = Inbound { values: &Request::default(), body: &body };
        mapping(&api).apply(&inbound, Some(&mut seen)).unwrap();
        seen.0
    };
    assert_eq!(seen(None, b"x"), ["Passthrough"]);
    assert_eq!(
        seen(Some("fixed"), b"x"),
        [r#"Template { media_type: "application/json", input: "x", output: "fixed" }"#]
    );
    let events = seen(Some("#set($context.requestOverride.header.a = 'b')$input.body"), b"x");
    assert_eq!(
        events[0],
        r#"Template { media_type: "application/json", input: "x", output: "x" }"#
    );
    assert!(events[1].starts_with("RequestOverrides("), "{events:?}");
}
