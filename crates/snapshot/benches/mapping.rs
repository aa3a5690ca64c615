//! Nanoseconds and allocations of whole mappings: parameters, choice of the
//! template, rendering. `cargo bench -p gw-snapshot`.

use std::{alloc::System, borrow::Cow, collections::BTreeMap, hint::black_box, time::Instant};

use bytes::Bytes;
use gw_model::{
    Api, HttpMethod, Integration, IntegrationResponse, IntegrationType, Method, Resource, RestApi,
};
use gw_snapshot::{CompiledApi, ContextVar, Inbound, Limits, Outcome, Selector, Values, compile};
use gw_template::Overrides;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const BODY: &[u8] = br#"{"order":{"id":"o-1001","total":129.95,"currency":"EUR","express":true},"customer":{"name":"Ada \"L\" Love","email":"ada@example.com","tags":["vip","beta"]},"items":[{"sku":"A-1","qty":2,"price":9.99,"name":"Pen"},{"sku":"B-2","qty":1,"price":79.99,"name":"Lamp / desk"},{"sku":"C-3","qty":4,"price":7.5,"name":"Cable"}]}"#;

/// About 2 KB: the shape of most templates that people write.
const TYPICAL: &str = include_str!("../../template/benches/typical.vtl");

/// The values of a request as a node has them: nothing decoded, nothing copied.
struct Request {
    headers: HeaderMap,
}

impl Request {
    fn new() -> Self {
        let pairs = [
            ("accept", "application/json"),
            ("content-type", "application/json"),
            ("user-agent", "curl/8.5"),
            ("x-trace", "1-2-3"),
        ];
        let pairs = pairs
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        Self { headers: pairs.into_iter().collect() }
    }
}

impl Values for Request {
    fn context(&self, variable: ContextVar) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match variable {
            ContextVar::RequestId => "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            ContextVar::Stage => "prod",
            ContextVar::HttpMethod => "POST",
            ContextVar::ResourcePath => "/orders/{id}",
            ContextVar::SourceIp => "203.0.113.7",
            ContextVar::UserAgent => "curl/8.5",
            _ => return None,
        }))
    }

    fn stage_variable(&self, name: &str) -> Option<&str> {
        (name == "table").then_some("orders")
    }

    fn header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.headers.get(name)
    }

    fn headers(&self, each: &mut dyn FnMut(&str, &HeaderValue)) {
        self.headers.iter().for_each(|(name, value)| each(name.as_str(), value));
    }

    fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        (name == "q").then_some(Cow::Borrowed("blue lamps"))
    }

    fn queries(&self, each: &mut dyn FnMut(&str, &str)) {
        each("q", "blue lamps");
    }

    fn path(&self, name: &str) -> Option<&str> {
        (name == "id").then_some("42")
    }

    fn paths(&self, each: &mut dyn FnMut(&str, &str)) {
        each("id", "42");
    }
}

fn compiled(edit: impl FnOnce(&mut Integration)) -> CompiledApi {
    let mut integration = Integration::of_kind(IntegrationType::Http);
    integration.http_method = Some("POST".to_owned());
    integration.uri = Some("http://backend/orders/{id}".to_owned());
    edit(&mut integration);
    let method = Method { integration: Some(integration), ..Method::default() };
    let resource = Resource {
        parent_id: None,
        path_part: String::new(),
        path: "/orders/{id}".to_owned(),
        methods: BTreeMap::from([(HttpMethod::Post, method)]),
    };
    let mut api = RestApi::new("abc".into(), "bench");
    api.resources.insert("r".into(), resource);
    compile(&Api::Rest(api), &Limits::default()).expect("compiles")
}

/// With the template for both ways, and these parameters.
fn with(template: &str, parameters: &[(&str, &str)]) -> CompiledApi {
    compiled(|integration| {
        let own = |(to, from): &(&str, &str)| (format!("integration.request.{to}"), (*from).into());
        integration.request_parameters = parameters.iter().map(own).collect();
        let media = "application/json".to_owned();
        integration.request_templates.insert(media.clone(), Some(template.to_owned()));
        let mut response = IntegrationResponse::default();
        response.response_templates.insert(media, Some(template.to_owned()));
        response.response_parameters.insert(
            "method.response.header.X-Total".to_owned(),
            "integration.response.body.order.total".to_owned(),
        );
        let pattern = |pattern: &str| IntegrationResponse {
            selection_pattern: Some(pattern.to_owned()),
            ..IntegrationResponse::default()
        };
        integration.responses.insert("200".to_owned(), response);
        integration.responses.insert("400".to_owned(), pattern("4\\d{2}"));
        integration.responses.insert("500".to_owned(), pattern("5\\d{2}"));
    })
}

/// Best of several rounds, as quiet as a shared machine gets.
fn measure(name: &str, mut once: impl FnMut() -> usize) {
    for _ in 0..200 {
        black_box(once());
    }
    let region = Region::new(ALLOCATOR);
    let size = once();
    let allocations = region.change().allocations;
    let mut best = f64::INFINITY;
    for _ in 0..2000 {
        let started = Instant::now();
        for _ in 0..16 {
            black_box(once());
        }
        best = best.min(started.elapsed().as_secs_f64() * 1e9 / 16.0);
    }
    println!("{name:<34} {best:>12.0} ns {allocations:>8} allocations {size:>8} bytes");
}

fn request(name: &str, api: &CompiledApi) {
    let (request, body) = (Request::new(), Bytes::from_static(BODY));
    let route = api.routes().next().expect("one route").1;
    let gw_snapshot::Integration::Http(http) = &route.integration else { return };
    measure(&format!("request, {name}"), || {
        let inbound = Inbound { values: &request, body: &body };
        http.request.apply(&inbound, None).expect("maps").body.len()
    });
}

fn response(name: &str, api: &CompiledApi) {
    let (request, body) = (Request::new(), Bytes::from_static(BODY));
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let overrides = Overrides::default();
    let route = api.routes().next().expect("one route").1;
    let gw_snapshot::Integration::Http(http) = &route.integration else { return };
    measure(&format!("response, {name}"), || {
        let outcome = Outcome {
            values: &request,
            status: 200,
            headers: &headers,
            body: &body,
            overrides: &overrides,
        };
        let mapped = http.response.apply(Selector::Status(200), &outcome, None);
        mapped.expect("maps").body.len()
    });
}

fn mock(name: &str, template: &str, answer: &str) {
    let api = compiled(|integration| {
        integration.kind = IntegrationType::Mock;
        let media = "application/json".to_owned();
        integration.request_templates.insert(media.clone(), Some(template.to_owned()));
        let mut response = IntegrationResponse::default();
        response.response_templates.insert(media, Some(answer.to_owned()));
        for header in ["Origin", "Methods", "Headers"] {
            let to = format!("method.response.header.Access-Control-Allow-{header}");
            response.response_parameters.insert(to, "'*'".to_owned());
        }
        integration.responses.insert("200".to_owned(), response);
    });
    let (request, body) = (Request::new(), Bytes::new());
    let route = api.routes().next().expect("one route").1;
    let gw_snapshot::Integration::Mock(mock) = &route.integration else { return };
    measure(&format!("MOCK, {name}"), || {
        let inbound = Inbound { values: &request, body: &body };
        mock.answer(&inbound, None).expect("answers").headers.len()
    });
}

fn main() {
    let parameters = [
        ("path.id", "method.request.path.id"),
        ("querystring.q", "method.request.querystring.q"),
        ("header.X-Trace", "method.request.header.x-trace"),
        ("header.X-Fixed", "'fixed'"),
        ("header.X-Id", "context.requestId"),
    ];
    let of_body = [parameters.as_slice(), &[("header.X-Order", "method.request.body.order.id")]];
    let small = r#"{"id": "$input.params('id')", "name": $input.json('$.customer.name')}"#;
    request("fixed template", &with("fixed", &[]));
    request("5 parameters", &with("fixed", &parameters));
    request("6 parameters, one of the body", &with("fixed", &of_body.concat()));
    request("small template", &with(small, &parameters));
    request("typical 2 KB template", &with(TYPICAL, &parameters));
    response("small template", &with(small, &parameters));
    response("typical 2 KB template", &with(TYPICAL, &parameters));
    mock("fixed (CORS preflight)", r#"{"statusCode": 200}"#, "");
    mock("rendered status", "#set($s = 200){\"statusCode\": $s}", "$context.requestId");
}
