//! Every type of refusal through the place where refusals become answers, with
//! an API's own gateway responses; also the types whose features this build
//! does not have, and which no request can provoke yet.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    cell::{Cell, OnceCell},
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::Arc,
    time::Instant,
};

use gw_model::{
    Api, Digest, GatewayResponse, Integration, IntegrationType, Method, Release, ReleaseNumber,
    Resource, RestApi, Scope, StageKey, StageSettings,
};
use gw_snapshot::{CompiledStage, Limits, World, compile};
use http::HeaderMap;
use http_body_util::BodyExt as _;

use super::*;
use crate::{
    Config, ConnInfo, CoreState, Counters, SharedWorld,
    ctx::{DomainPath, Located, Routed},
    id::Ids,
};

/// Type, status, `x-amzn-ErrorType` and body of the reference's table.
const TABLE: [(Type, u16, &str, &str); 21] = [
    (
        Type::AccessDenied,
        403,
        "AccessDeniedException",
        r#"{"Message":"User is not authorized to access this resource"}"#,
    ),
    (
        Type::ApiConfigurationError,
        500,
        "InternalServerErrorException",
        r#"{"message": "Internal server error"}"#,
    ),
    (
        Type::AuthorizerConfigurationError,
        500,
        "AuthorizerConfigurationException",
        r#"{"message":null}"#,
    ),
    (Type::AuthorizerFailure, 500, "AuthorizerFailureException", r#"{"message":null}"#),
    (Type::BadRequestBody, 400, "BadRequestException", r#"{"message": "Invalid request body"}"#),
    (
        Type::BadRequestParameters,
        400,
        "BadRequestException",
        r#"{"message": "Missing required request parameters"}"#,
    ),
    (Type::Default4xx, 400, "BadRequestException", r#"{"message":"Bad Request"}"#),
    (
        Type::Default5xx,
        500,
        "InternalServerErrorException",
        r#"{"message": "Internal server error"}"#,
    ),
    (
        Type::ExpiredToken,
        403,
        "ExpiredTokenException",
        r#"{"message":"The security token included in the request is expired"}"#,
    ),
    (
        Type::IntegrationFailure,
        504,
        "InternalServerErrorException",
        r#"{"message": "Network error communicating with endpoint"}"#,
    ),
    (
        Type::IntegrationTimeout,
        504,
        "InternalServerErrorException",
        r#"{"message": "Endpoint request timed out"}"#,
    ),
    (Type::InvalidApiKey, 403, "ForbiddenException", r#"{"message":"Forbidden"}"#),
    (
        Type::InvalidSignature,
        403,
        "InvalidSignatureException",
        r#"{"message":"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}"#,
    ),
    (
        Type::MissingAuthenticationToken,
        403,
        "MissingAuthenticationTokenException",
        r#"{"message":"Missing Authentication Token"}"#,
    ),
    (Type::QuotaExceeded, 429, "LimitExceededException", r#"{"message":"Limit Exceeded"}"#),
    (Type::RequestTooLarge, 413, "RequestTooLargeException", r#"{"message":"Request Too Long"}"#),
    (Type::ResourceNotFound, 404, "NotFoundException", r#"{"message":"Not Found"}"#),
    (Type::Throttled, 429, "TooManyRequestsException", r#"{"message":"Too Many Requests"}"#),
    (Type::Unauthorized, 401, "UnauthorizedException", r#"{"message":"Unauthorized"}"#),
    (
        Type::UnsupportedMediaType,
        415,
        "BadRequestException",
        r#"{"message": "Unsupported Media Type"}"#,
    ),
    (Type::WafFiltered, 403, "ForbiddenException", r#"{"message":"Forbidden"}"#),
];

/// An API with a MOCK at `GET /pets/{id}` and these gateway responses.
fn api(custom: &[(Type, GatewayResponse)]) -> RestApi {
    let mut api = RestApi::new("abc".into(), "test");
    let mut mock = Integration::of_kind(IntegrationType::Mock);
    let template = Some(r#"{"statusCode": 200}"#.to_owned());
    mock.request_templates.insert("application/json".to_owned(), template);
    mock.responses.insert("200".to_owned(), gw_model::IntegrationResponse::default());
    let method = Method { integration: Some(mock), ..Method::default() };
    let resource = Resource {
        parent_id: None,
        path_part: "{id}".to_owned(),
        path: "/pets/{id}".to_owned(),
        methods: [(gw_model::HttpMethod::Get, method)].into(),
    };
    api.resources.insert("r1".into(), resource);
    api.gateway_responses.extend(custom.iter().cloned());
    api
}

fn stage(api: &RestApi) -> CompiledStage {
    let release = Release {
        number: ReleaseNumber(1),
        deployment_id: "dep001".into(),
        deployment: Digest::of(b"api"),
        variables: [("color".to_owned(), "blue".to_owned())].into(),
        canary: None,
        settings: StageSettings::default(),
    };
    let scope = Scope::new("000000000000", "us-east-1");
    let key = StageKey { scope, api: "abc".into(), stage: "prod".into() };
    let compiled = Arc::new(compile(&Api::Rest(api.clone()), &Limits::default()).unwrap());
    CompiledStage::bind(&key, &release, |_| Some(Arc::clone(&compiled))).unwrap()
}

/// An answer as the table has it.
#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    error: String,
    content_type: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// The answer to `GET /prod/pets/7?q=1` from `https://a.example`, and how many
/// refusals the log did not tell.
fn rescued(custom: &[(Type, GatewayResponse)], errors: &[GatewayError]) -> (Vec<Answer>, u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, on_core(custom, errors))
}

async fn on_core(
    custom: &[(Type, GatewayResponse)],
    errors: &[GatewayError],
) -> (Vec<Answer>, u64) {
    let world = World::default().with([Arc::new(stage(&api(custom)))], []);
    let world = Arc::new(SharedWorld::new(world));
    let counters = Arc::new(Counters::default());
    let client = gw_upstream::Client::new(&gw_upstream::Config::default()).unwrap();
    let core = CoreState::new(Arc::new(Config::default()), world, client, Arc::clone(&counters));
    let pinned = core.world.pin();
    let stage = pinned.stage("abc", "prod").unwrap();
    let bound = stage.choose(0);
    let found = bound.api.router().find("/pets/7").unwrap();
    let resource = bound.api.resource(found.resource).unwrap();
    let (number, route) = bound.api.route(resource, gw_model::HttpMethod::Get).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("origin", HeaderValue::from_static("https://a.example"));
    headers.insert("accept", HeaderValue::from_static("application/json, */*"));
    let ids = Ids::draw(&headers, &mut core.rng.borrow_mut());
    let ctx = RequestCtx {
        core: &core,
        raw_head: None,
        conn: ConnInfo { peer: Ipv4Addr::LOCALHOST.into(), local_port: 80, is_tls: false },
        began: Instant::now(),
        world: &pinned,
        method: http::Method::GET,
        uri: "/prod/pets/7?q=1".parse().unwrap(),
        version: http::Version::HTTP_11,
        headers,
        ids,
        stage: Some(Located {
            stage,
            bound,
            path_start: "/prod".len(),
            domain_path: DomainPath::None,
        }),
        route: Some(Routed { resource, number, route, params: found.params }),
        api_key: None,
        ended: None,
        recorder: None,
        is_test: false,
        trace: OnceCell::new(),
        is_traced: Cell::new(false),
        seen: OnceCell::new(),
        arrived: OnceCell::new(),
    };
    let mut answers = Vec::new();
    for error in errors {
        let (mut head, body) = rescue(&ctx, error).into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let mut take = |name: &str| head.headers.remove(name).unwrap().to_str().unwrap().to_owned();
        let (error, content_type) = (take("x-amzn-errortype"), take("content-type"));
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
        answers.push(Answer {
            status: head.status.as_u16(),
            error,
            content_type,
            headers: headers.collect(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        });
    }
    (answers, Counters::total([&*counters]).untold_refusals)
}

fn custom(status: Option<&str>, template: &str) -> GatewayResponse {
    let mut response = GatewayResponse {
        status_code: status.map(str::to_owned),
        response_templates: [("application/json".to_owned(), template.to_owned())].into(),
        ..GatewayResponse::default()
    };
    for (name, source) in [
        ("Access-Control-Allow-Origin", "'*'"),
        ("X-Origin", "method.request.header.Origin"),
        ("X-Q", "method.request.querystring.q"),
        ("X-Id", "method.request.path.id"),
        ("X-Stage", "context.stage"),
        ("X-Type", "context.error.responseType"),
        ("X-Color", "stageVariables.color"),
        ("X-Absent", "method.request.header.none"),
    ] {
        let key = format!("gatewayresponse.header.{name}");
        response.response_parameters.insert(key, source.to_owned());
    }
    response
}

fn all() -> Vec<GatewayError> {
    TABLE.iter().map(|(kind, ..)| GatewayError::of(*kind)).collect()
}

#[test]
fn the_table_has_every_type() {
    let kinds: Vec<Type> = TABLE.iter().map(|(kind, ..)| *kind).collect();
    assert_eq!(kinds, Type::ALL);
}

#[test]
fn what_is_built_in() {
    let (answers, _) = rescued(&[], &all());
    for ((kind, status, error, body), answer) in TABLE.iter().zip(answers) {
        let expected = Answer {
            status: *status,
            error: (*error).to_owned(),
            content_type: "application/json".to_owned(),
            headers: BTreeMap::new(),
            body: (*body).to_owned(),
        };
        assert_eq!(answer, expected, "{kind}");
    }
}

#[test]
fn what_is_customised_goes_before_its_class() {
    const TEMPLATE: &str = r#"{"m":$context.error.messageString,"raw":"$context.error.message","t":"$context.error.responseType","o":"$method.request.header.Origin","q":"$method.request.querystring.q","p":"$method.request.path.id","r":"$context.resourcePath","c":"$stageVariables.color","v":"$context.error.validationErrorString","n":"$method.request.header.none"}"#;
    let class = |status: &str| custom(Some(status), "class $context.error.responseType");
    let classes = [(Type::Default4xx, class("499")), (Type::Default5xx, class("599"))];
    let own: Vec<_> = Type::ALL.iter().map(|kind| (*kind, custom(None, TEMPLATE))).collect();
    let (by_class, _) = rescued(&classes, &all());
    let (by_type, _) = rescued(&own, &all());
    for (at, (kind, status, error, body)) in TABLE.iter().enumerate() {
        if *kind == Type::RequestTooLarge {
            // AWS: cannot be customised.
            for answer in [&by_class[at], &by_type[at]] {
                assert_eq!((answer.status, &*answer.body), (413, *body));
                assert!(answer.headers.is_empty());
            }
            continue;
        }
        let class = &by_class[at];
        let expected = if *status < 500 { 499 } else { 599 };
        assert_eq!((class.status, &*class.body), (expected, &*format!("class {kind}")), "{kind}");

        let own = &by_type[at];
        assert_eq!((own.status, &*own.error), (*status, *error), "{kind}");
        let json: serde_json::Value = serde_json::from_str(&own.body).unwrap();
        let built_in: serde_json::Value = serde_json::from_str(body).unwrap();
        let member = if *kind == Type::AccessDenied { "Message" } else { "message" };
        assert_eq!(json["m"], built_in[member], "{kind}");
        assert_eq!(json["raw"], built_in[member].as_str().unwrap_or_default(), "{kind}");
        for (member, value) in [
            ("t", kind.as_str()),
            ("o", "https://a.example"),
            ("q", "1"),
            ("p", "7"),
            ("r", "/pets/{id}"),
            ("c", "blue"),
            ("v", ""),
            ("n", ""),
        ] {
            assert_eq!(json[member], value, "{kind} {member}");
        }
        let headers = [
            ("access-control-allow-origin", "*"),
            ("x-origin", "https://a.example"),
            ("x-q", "1"),
            ("x-id", "7"),
            ("x-stage", "prod"),
            ("x-type", kind.as_str()),
            ("x-color", "blue"),
        ];
        for answer in [own, class] {
            let mut headers = headers.map(|(k, v)| (k.to_owned(), v.to_owned()));
            headers.sort();
            assert_eq!(answer.headers, BTreeMap::from(headers), "{kind}");
        }
    }
}

#[test]
fn messages_are_quoted_and_details_told_apart() {
    let own = custom(None, "$context.error.messageString|$context.error.validationErrorString");
    let mut error = GatewayError::of(Type::BadRequestBody).with_message("a \"b\"\n\\");
    error.validation = Some("[x]".into());
    let error = error.with_log("never shown");
    let (answers, _) = rescued(&[(Type::BadRequestBody, own)], std::slice::from_ref(&error));
    assert_eq!(answers[0].body, r#""a \"b\"\n\\"|[x]"#);
    let (answers, _) = rescued(&[], &[error]);
    assert_eq!(answers[0].body, r#"{"message": "a \"b\"\n\\"}"#);
}

#[test]
fn templates_are_no_velocity_and_headers_no_framing() {
    let mut own = custom(None, "#set($a = 1)$a $util.escapeJavaScript('x') $input.body $");
    for (name, value) in [("Content-Length", "'3'"), ("Content-Type", "'text/plain'")] {
        let key = format!("gatewayresponse.header.{name}");
        own.response_parameters.insert(key, value.to_owned());
    }
    let (answers, _) = rescued(&[(Type::Throttled, own)], &[GatewayError::of(Type::Throttled)]);
    let answer = &answers[0];
    assert_eq!(answer.body, "#set($a = 1)$a $util.escapeJavaScript('x') $input.body $");
    assert_eq!(answer.content_type, "text/plain");
    assert_eq!(answer.headers.get("content-length"), None);
}

#[test]
fn the_log_tells_a_few_of_class_5xx_a_second_and_counts_the_rest() {
    let of = |kind: Type, count: usize| vec![GatewayError::of(kind); count];
    assert_eq!(rescued(&[], &of(Type::Throttled, 500)).1, 0);
    // A status that is customised does not hide whose fault it is.
    let hidden = [(Type::Default5xx, custom(Some("200"), "fine"))];
    assert_eq!(rescued(&hidden, &of(Type::IntegrationFailure, 500)).1, 490);
}

#[test]
fn what_happened_to_a_backend_is_told_in_the_log_alone() {
    let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    let connect = Error::Connect { address: Ipv4Addr::LOCALHOST.into(), source: refused };
    let table = [
        (Error::Timeout, Type::IntegrationTimeout, 504, "due to a timeout error"),
        (connect, Type::IntegrationFailure, 504, "127.0.0.1: connection refused"),
        (
            Error::Denied(Ipv4Addr::LOCALHOST.into()),
            Type::ApiConfigurationError,
            500,
            "Invalid endpoint address: address 127.0.0.1 is denied",
        ),
        (
            Error::BadResponse("garbage".into()),
            Type::IntegrationFailure,
            502,
            "invalid response from the origin: garbage",
        ),
        (
            Error::Resolve { host: "h".into(), reason: "none".into() },
            Type::ApiConfigurationError,
            500,
            "cannot resolve h: none",
        ),
    ];
    for (error, kind, status, part) in table {
        let refusal = of_upstream(&error);
        assert_eq!((refusal.kind, refusal.status.as_u16()), (kind, status), "{error}");
        let log = refusal.log.as_deref().unwrap();
        assert!(log.starts_with("Execution failed due to") && log.contains(part), "{log}");
        assert!(!refusal.message.unwrap().contains(part));
    }
}
