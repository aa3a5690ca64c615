//! Binding, addresses as requests fill them in, and the world.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{sync::Arc, time::Instant};

use gw_model::{CanaryRelease, HttpMethod::*, Method};
use gw_snapshot::{CompiledStage, HttpProxy, Integration, World};
use http::HeaderValue;
use support::*;

fn bind(method: Method, variables: &[(&str, &str)]) -> CompiledStage {
    let api = api("abc", vec![("/a/{x}", Get, method)]);
    let mut release = release(&api);
    release.variables = variables.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    CompiledStage::bind(&key("abc", "prod"), &release, |_| Some(compiled(&api))).unwrap()
}

fn proxy(stage: &CompiledStage) -> &HttpProxy {
    match &stage.main().api.routes().next().unwrap().1.integration {
        Integration::HttpProxy(proxy) => proxy,
        other => panic!("{other:?}"),
    }
}

#[test]
fn variables_make_addresses() {
    let check = |uri: &str, variables: &[(&str, &str)], expected: Result<&str, &str>| {
        let map = [("integration.request.path.x", "method.request.path.x")];
        let stage = bind(http_proxy(uri, &map), variables);
        let request = Request { path: vec![("x", "7")], ..Request::default() };
        let found = match stage.main().target(0, proxy(&stage)) {
            Some(target) => {
                let path = target.path_and_query(&request, None, &[]).unwrap();
                Ok(format!("{:?}{path}", target.origin))
            }
            None => Err(stage.warnings()[0].to_string()),
        };
        let expected = expected
            .map(str::to_owned)
            .map_err(|reason| format!("GET /a/{{x}}: Invalid endpoint address {reason}"));
        assert_eq!(found, expected, "{uri}");
    };
    let v = &[("host", "h.example:81"), ("p", "v1/deep"), ("q", "a,b")][..];
    check("http://${stageVariables.host}/{x}", v, Ok("http://h.example:81/7"));
    check("https://s.${stageVariables.host}/", v, Ok("https://s.h.example:81/"));
    check(
        "http://b/${stageVariables.p}/{x}?q=${stageVariables.q}",
        v,
        Ok("http://b/v1/deep/7?q=a,b"),
    );
    check("http://b/x${stageVariables.none}y", v, Ok("http://b/xy"));
    check("http://${stageVariables.none}/y", v, Err("\"http:///y\": it has no host"));
    let scheme = "\"h.example:81\": it does not start with http:// or https://";
    check("${stageVariables.host}", v, Err(scheme));
}

#[test]
fn values_are_encoded_for_their_place() {
    let check = |source: &str, expected: &str| {
        let map = [("integration.request.path.x", source)];
        let stage = bind(http_proxy("http://b/{x}/t?y={x}", &map), &[("v", "a/b?c")]);
        let mut request = Request {
            path: vec![("x", "a%2Fb/c")],
            query: vec![("q", "1"), ("q", "a/b c&d"), ("up", ".."), ("out", "../a")],
            variables: vec![("v", "a/b?c")],
            ..Request::default()
        };
        request.headers.append("x-h", HeaderValue::from_static("1"));
        request.headers.append("x-h", HeaderValue::from_bytes("é".as_bytes()).unwrap());
        let target = stage.main().target(0, proxy(&stage)).unwrap();
        let path = target.path_and_query(&request, None, &[]).unwrap();
        assert_eq!(path.as_str(), expected, "{source}");
    };
    check("method.request.path.x", "/a%2Fb/c/t?y=a%2Fb%2Fc");
    check("method.request.querystring.q", "/a%2Fb%20c&d/t?y=a%2Fb%20c%26d");
    check("method.request.querystring.up", "//t?y=..");
    check("method.request.querystring.out", "//t?y=..%2Fa");
    check("method.request.querystring.none", "//t?y=");
    check("method.request.header.x-h", "/%C3%A9/t?y=%C3%A9");
    check("stageVariables.v", "/a/b%3Fc/t?y=a%2Fb%3Fc");
    check("'st at'", "/st%20at/t?y=st%20at");
    check("context.stage", "/stage/t?y=stage");
}

#[test]
fn queries_are_appended() {
    let stage = bind(
        http_proxy(
            "http://b",
            &[
                ("integration.request.querystring.b c", "'1'"),
                ("integration.request.querystring.list", "method.request.multivaluequerystring.q"),
                ("integration.request.querystring.none", "method.request.querystring.none"),
            ],
        ),
        &[],
    );
    let proxy = proxy(&stage);
    let target = stage.main().target(0, proxy).unwrap();
    let mapped = &proxy.mappings.as_ref().unwrap().query;
    let request = Request { query: vec![("q", "1"), ("q", "2&3")], ..Request::default() };
    let check = |client: Option<&str>, expected: &str| {
        assert_eq!(target.path_and_query(&request, client, mapped).unwrap().as_str(), expected);
    };
    check(None, "/?b%20c=1&list=1&list=2%263");
    check(Some(""), "/?b%20c=1&list=1&list=2%263");
    check(Some("a=1&a=2"), "/?a=1&a=2&b%20c=1&list=1&list=2%263");
    assert_eq!(target.path_and_query(&request, Some("a"), &[]).unwrap().as_str(), "/?a");
}

#[test]
fn canary_threshold() {
    let api = api("abc", vec![("/", Get, mock("{\"statusCode\": 200}", ""))]);
    let check = |percent: f64, below: u32, expected: bool| {
        let mut release = release(&api);
        release.canary = Some(CanaryRelease {
            percent_traffic: percent,
            deployment_id: "dep002".into(),
            deployment: release.deployment,
            stage_variable_overrides: [("v".to_owned(), "2".to_owned())].into(),
            use_stage_cache: false,
        });
        release.variables.insert("v".to_owned(), "1".to_owned());
        release.variables.insert("w".to_owned(), "1".to_owned());
        let stage =
            CompiledStage::bind(&key("abc", "p"), &release, |_| Some(compiled(&api))).unwrap();
        let bound = stage.choose(below);
        assert_eq!(bound.is_canary, expected, "{percent} at {below}");
        let v = if expected { "2" } else { "1" };
        assert_eq!((&*bound.variables["v"], &*bound.variables["w"]), (v, "1"));
    };
    check(0.0, 0, false);
    check(100.0, u32::MAX, true);
    check(50.0, (1 << 31) - 1, true);
    check(50.0, 1 << 31, false);
    check(f64::NAN, 0, false);
    check(1e9, u32::MAX, true);
    check(-5.0, 0, false);
}

#[test]
fn an_unknown_deployment_is_fatal() {
    let api = api("abc", vec![("/", Get, mock("{\"statusCode\": 200}", ""))]);
    let faults = CompiledStage::bind(&key("abc", "p"), &release(&api), |_| None).unwrap_err();
    assert!(faults[0].reason.ends_with("is not here"), "{faults:?}");
}

#[test]
fn worlds_share_what_did_not_change() {
    let api = api("abc", vec![("/{proxy+}", Any, mock("{\"statusCode\": 200}", "ok"))]);
    let api_compiled = compiled(&api);
    let release = release(&api);
    let make = |id: usize, stage: &str| {
        let key = key(&format!("api{id:07}"), stage);
        Arc::new(CompiledStage::bind(&key, &release, |_| Some(api_compiled.clone())).unwrap())
    };
    let world = World::default().with((0..10_000).map(|id| make(id, "prod")), []);
    assert_eq!(world.len(), 10_000);
    let began = Instant::now();
    let next = world.with([make(5, "prod")], []);
    let took = began.elapsed();
    let (shared, all) = next.shared_shards(&world);
    assert_eq!(shared, all - 1);
    assert_eq!((next.len(), world.len()), (10_000, 10_000));
    assert!(!Arc::ptr_eq(
        next.stage("api0000005", "prod").unwrap(),
        world.stage("api0000005", "prod").unwrap()
    ));
    assert!(Arc::ptr_eq(
        next.stage("api0000006", "prod").unwrap(),
        world.stage("api0000006", "prod").unwrap()
    ));
    println!("one upsert among 10,000: {took:?}; world {} KiB", next.size_bytes() / 1024);

    let other = make(5, "test");
    let both = next.with([other.clone()], [make(6, "prod").key(), make(1, "none").key()]);
    assert_eq!(both.len(), 10_000);
    assert!(both.stage("api0000006", "prod").is_none());
    assert!(both.stage("api0000005", "test").is_some());
    assert!(both.stage("api0000005", "prod").is_some());
    assert_eq!(both.stages().count(), both.len());
    // Named in both lists: it stays.
    assert_eq!(both.with([other.clone()], [other.key()]).len(), 10_000);
}

#[test]
fn small_apis_stay_small() {
    let methods = || {
        let map = [("integration.request.path.proxy", "method.request.path.proxy")];
        let proxy = http_proxy("http://backend.internal:8080/{proxy}", &map);
        vec![("/{proxy+}", Any, proxy), ("/", Options, mock("{\"statusCode\": 200}", "ok"))]
    };
    let compiled = compiled(&api("abcdefghij", methods()));
    println!("a small api takes {} bytes", compiled.size_bytes());
    assert!(compiled.size_bytes() < 4096, "{} bytes", compiled.size_bytes());
}

#[test]
fn method_settings_match_in_every_spelling() {
    let api = api("abc", vec![("/pets/{id}", Get, mock("{}", "")), ("/", Get, mock("{}", ""))]);
    let closed =
        gw_model::MethodSetting { throttling_burst_limit: 0, ..gw_model::MethodSetting::default() };
    for (key, path) in [
        ("~1pets~1{id}/GET", "/pets/{id}"),
        ("pets~1{id}/GET", "/pets/{id}"),
        ("pets/{id}/GET", "/pets/{id}"),
        ("/pets/{id}/GET", "/pets/{id}"),
        ("~1/GET", "/"),
    ] {
        let mut release = release(&api);
        release.settings.method_settings.insert(key.into(), closed.clone());
        let stage =
            CompiledStage::bind(&self::key("abc", "prod"), &release, |_| Some(compiled(&api)));
        let stage = stage.unwrap();
        for (index, (resource, _)) in stage.main().api.routes().enumerate() {
            let throttle = stage.throttle(stage.main(), u32::try_from(index).unwrap());
            let is_closed = throttle.is_some_and(|throttle| !throttle.take(0));
            assert_eq!(is_closed, *resource.path == *path, "{key} {}", resource.path);
        }
    }
}
