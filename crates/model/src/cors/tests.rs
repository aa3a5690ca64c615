#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::{Integration, IntegrationResponse, IntegrationType, Method, Resource, RestApi, check};

fn cors(origins: &[&str]) -> Cors {
    Cors {
        origins: origins.iter().map(|&o| o.to_owned()).collect(),
        headers: DEFAULT_HEADERS.map(str::to_owned).to_vec(),
        ..Cors::default()
    }
}

fn method(kind: IntegrationType, responses: &[(&str, &[(&str, &str)])]) -> Method {
    let mut integration = Integration::of_kind(kind);
    for (status, templates) in responses {
        let templates = templates.iter().map(|&(k, v)| (k.to_owned(), Some(v.to_owned())));
        let response =
            IntegrationResponse { response_templates: templates.collect(), ..Default::default() };
        integration.responses.insert((*status).to_owned(), response);
    }
    Method { integration: Some(integration), ..Method::default() }
}

fn resource(methods: Vec<(HttpMethod, Method)>) -> Resource {
    Resource {
        parent_id: None,
        path_part: String::new(),
        path: "/a".to_owned(),
        methods: methods.into_iter().collect(),
    }
}

fn sample() -> Resource {
    resource(vec![
        (HttpMethod::Get, method(IntegrationType::Http, &[("200", &[("text/xml", "<a/>")])])),
        (HttpMethod::Put, method(IntegrationType::Aws, &[("200", &[])])),
        (HttpMethod::Post, method(IntegrationType::HttpProxy, &[])),
        (HttpMethod::Delete, method(IntegrationType::Mock, &[("204", &[])])),
    ])
}

#[test]
fn what_is_set_is_read_back_and_passes_the_rules_of_methods() {
    let several = ["https://a.example", "http://localhost:3000", "capacitor://localhost"];
    for origins in [&["*"][..], &["https://a.example"], &several] {
        let mut wanted = cors(origins);
        wanted.max_age_s = Some(600);
        wanted.expose_headers = vec!["X-Total".to_owned(), "ETag".to_owned()];
        wanted.credentials = origins != ["*"];
        wanted.check().unwrap();
        let mut api = sample();
        set(&mut api, &wanted, false).unwrap();
        wanted.methods = ["DELETE", "GET", "OPTIONS", "POST", "PUT"].map(str::to_owned).to_vec();
        assert_eq!(read(&api).as_ref(), Some(&wanted));
        for method in api.methods.values() {
            check::method(method).unwrap();
            let integration = method.integration.as_ref().unwrap();
            for (status, response) in &integration.responses {
                check::integration_response(response).unwrap();
                assert_eq!(check::undeclared_headers(method, status, response).count(), 0);
            }
        }
        // Idempotent, and replaced as a whole.
        let first = api.clone();
        set(&mut api, &wanted, false).unwrap();
        assert_eq!(api, first);
        set(&mut api, &cors(&["*"]), false).unwrap();
        let mut once = sample();
        set(&mut once, &cors(&["*"]), false).unwrap();
        assert_eq!(api, once);
    }
}

#[test]
fn what_is_removed_leaves_nothing_behind() {
    for origins in [&["*"][..], &["https://a.example", "https://b.example"]] {
        let mut api = sample();
        set(&mut api, &cors(origins), false).unwrap();
        assert!(remove(&mut api));
        let mut before = sample();
        // The declared response stays: it may be in use.
        for verb in [HttpMethod::Get, HttpMethod::Put] {
            let method = before.methods.get_mut(&verb).unwrap();
            method.responses.insert("200".to_owned(), Default::default());
        }
        assert_eq!(api, before);
        assert!(!remove(&mut api));
    }
}

#[test]
fn who_sets_the_header() {
    use Answers::{Backend, FirstOriginOnly, Gateway, NoResponse, Nobody};
    let told = |api: &Resource| -> Vec<_> { answers(api).into_values().collect() };
    let mut api = sample();
    // GET, PUT, POST, DELETE.
    assert_eq!(told(&api), [Nobody, Nobody, Backend, NoResponse]);
    let several = cors(&["https://a.example", "https://b.example"]);
    set(&mut api, &several, false).unwrap();
    assert_eq!(told(&api), [Gateway, Gateway, Backend, NoResponse]);
    set(&mut api, &several, true).unwrap();
    assert_eq!(told(&api), [Gateway, FirstOriginOnly, Backend, NoResponse]);
    set(&mut api, &cors(&["*"]), true).unwrap();
    assert_eq!(told(&api), [Gateway, Gateway, Backend, NoResponse]);
}

#[test]
fn an_options_method_of_its_own_is_left_alone() {
    let own = method(IntegrationType::HttpProxy, &[]);
    let mut api = resource(vec![(HttpMethod::Options, own)]);
    let before = api.clone();
    let text = set(&mut api, &cors(&["*"]), false).unwrap_err();
    assert_eq!(text, "Resource /a answers OPTIONS itself, by HTTP_PROXY: delete that method first");
    assert_eq!(read(&api), None);
    assert!(!remove(&mut api));
    assert_eq!(api, before);
    let mut mock = resource(vec![(HttpMethod::Options, method(IntegrationType::Mock, &[]))]);
    assert!(!remove(&mut mock), "a MOCK that says nothing of origins is the user's");
    set(&mut mock, &cors(&["*"]), false).unwrap();
    assert!(read(&mock).is_some());
}

#[test]
fn a_vary_of_the_apis_own_is_joined() {
    let mut api = sample();
    let vary = |api: &Resource| {
        let method = &api.methods[&HttpMethod::Get];
        let response = &method.integration.as_ref().unwrap().responses["200"];
        response.response_parameters.get("method.response.header.Vary").cloned()
    };
    let get = api.methods.get_mut(&HttpMethod::Get).unwrap();
    let response = get.integration.as_mut().unwrap().responses.get_mut("200").unwrap();
    response.response_parameters.insert("method.response.header.Vary".into(), "'Accept'".into());
    set(&mut api, &cors(&["https://a.example"]), false).unwrap();
    assert_eq!(vary(&api).as_deref(), Some("'Accept,Origin'"));
    set(&mut api, &cors(&["https://a.example"]), false).unwrap();
    assert_eq!(vary(&api).as_deref(), Some("'Accept,Origin'"));
}

#[test]
fn gateway_responses_carry_the_headers() {
    use crate::{GatewayResponse, GatewayResponseType as Type};
    let mut api = RestApi::new("abc".into(), "n");
    let own = GatewayResponse { status_code: Some("420".into()), ..Default::default() };
    api.gateway_responses.insert(Type::Throttled, own);
    let before = api.clone();
    set_gateway(&mut api, &cors(&["https://a.example"])).unwrap();
    let all = [Type::Default4xx, Type::Default5xx, Type::Throttled];
    assert_eq!(gateway_responses(&api), all);
    for response in api.gateway_responses.values() {
        check::gateway_response(response).unwrap();
    }
    assert!(remove_gateway(&mut api));
    assert_eq!(api, before);
    assert!(!remove_gateway(&mut api));
    let several = set_gateway(&mut api, &cors(&["https://a.example", "https://b.example"]));
    assert!(several.unwrap_err().starts_with("gatewayResponses can allow"));
}

#[test]
fn settings_that_cannot_work_are_named() {
    let check = |change: &dyn Fn(&mut Cors)| {
        let mut cors = cors(&["https://a.example"]);
        change(&mut cors);
        cors.check().err().unwrap_or_default()
    };
    let origin = |text: &str| check(&|cors| cors.origins = vec![text.to_owned()]);
    for fine in [
        "*",
        "https://a.example",
        "http://localhost:3000",
        "http://[::1]:3000",
        "chrome-extension://abcdef",
        "http://a_b.example",
    ] {
        assert_eq!(origin(fine), "", "{fine}");
    }
    for (bad, part) in [
        ("a.example", "SCHEME://HOST"),
        ("null", "SCHEME://HOST"),
        ("", "SCHEME://HOST"),
        ("9p://a", "SCHEME://HOST"),
        ("https://a.example/", "slash at its end"),
        ("https://a.example/x", "neither path"),
        ("https://u@a.example", "neither path"),
        ("https://*.a.example", "name each origin"),
        ("https://", "host is not valid"),
        ("https://a b", "host is not valid"),
        ("https://a\"b", "host is not valid"),
        ("https://a'b", "host is not valid"),
        ("https://$a", "host is not valid"),
        ("https://é.example", "host is not valid"),
        ("https://[::1", "host is not valid"),
        ("https://A.example", "lower case"),
        ("HTTPS://a.example", "lower case"),
        ("https://a.example:443", "scheme's own"),
        ("https://a.example:99999", "port is not valid"),
        ("https://a.example:", "port is not valid"),
    ] {
        assert!(origin(bad).contains(part), "{bad}: {}", origin(bad));
    }
    let list = |texts: &[&str]| texts.iter().map(|&t| t.to_owned()).collect::<Vec<_>>();
    type Change<'a> = &'a dyn Fn(&mut Cors);
    let table: [(Change<'_>, &str); 11] = [
        (&|c| c.origins.clear(), "allowOrigins must name"),
        (&|c| c.origins = list(&["https://a.example", "https://a.example"]), "twice"),
        (&|c| c.origins = list(&["*", "https://a.example"]), "stands alone"),
        (
            &|c| {
                c.origins = list(&["*"]);
                c.credentials = true;
            },
            "allowCredentials cannot go with '*' in allowOrigins",
        ),
        (
            &|c| {
                c.headers = list(&["*"]);
                c.credentials = true;
            },
            "'*' in allowHeaders",
        ),
        (&|c| c.methods = list(&["get"]), "allowMethods has \"get\""),
        (&|c| c.methods = list(&["ANY"]), "allowMethods has \"ANY\""),
        (&|c| c.headers = list(&["X A"]), "allowHeaders has \"X A\""),
        (&|c| c.expose_headers = list(&["X'"]), "exposeHeaders has \"X'\""),
        (&|c| c.max_age_s = Some(86_401), "maxAgeSeconds"),
        (
            &|c| c.headers = (0..101).map(|n| format!("X-{n}")).collect(),
            "allowHeaders has more than 100",
        ),
    ];
    for (change, part) in table {
        assert!(check(change).contains(part), "{part}: {}", check(change));
    }
}

#[test]
fn a_template_of_the_apis_own_is_told_from_an_added_one() {
    let several = cors(&["https://a.example", "https://b.example"]);
    let template = |api: &Resource, verb| {
        let method: &Method = &api.methods[&verb];
        method.integration.as_ref().unwrap().responses["200"].response_templates.clone()
    };
    let json = "application/json";
    let empty = || {
        resource(vec![
            (HttpMethod::Get, method(IntegrationType::Http, &[("200", &[(json, "")])])),
            (HttpMethod::Put, method(IntegrationType::Http, &[("200", &[(json, "$input.body")])])),
            (HttpMethod::Post, method(IntegrationType::Mock, &[("200", &[])])),
        ])
    };
    let mut api = empty();
    set(&mut api, &several, false).unwrap();
    let added = template(&api, HttpMethod::Post)[json].clone().unwrap();
    assert!(added.ends_with("no template\n"), "a MOCK without a template has no body: {added}");
    remove(&mut api);
    for verb in [HttpMethod::Get, HttpMethod::Put, HttpMethod::Post] {
        assert_eq!(template(&api, verb), template(&empty(), verb), "{verb}");
    }
    // Changed by hand, it is not ours any more.
    set(&mut api, &several, false).unwrap();
    let put = api.methods.get_mut(&HttpMethod::Put).unwrap();
    let response = put.integration.as_mut().unwrap().responses.get_mut("200").unwrap();
    let text = response.response_templates.get_mut(json).unwrap().as_mut().unwrap();
    *text = text.replace("b.example", "c.example\" || $x == \"d");
    let changed = text.clone();
    remove(&mut api);
    assert_eq!(template(&api, HttpMethod::Put)[json].as_deref(), Some(&*changed));
}
