//! How backends are reached: certificates and links as facts, and what stages
//! and routes name of them.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use gw_model::{CanaryRelease, ConnectionType, FactName, HttpMethod::Get, Method, Scope};
use gw_snapshot::{CompiledStage, HttpProxy, Integration, World};
use support::*;

fn linked(uri: &str, link: &str) -> Method {
    let mut method = http_proxy(uri, &[]);
    let integration = method.integration.as_mut().unwrap();
    integration.connection_type = ConnectionType::VpcLink;
    integration.connection_id = Some(link.to_owned());
    method
}

fn proxy(route: &gw_snapshot::Route) -> &HttpProxy {
    match &route.integration {
        Integration::HttpProxy(proxy) => proxy,
        other => panic!("{other:?}"),
    }
}

#[test]
fn routes_name_links_and_stage_variables_fill_them_in() {
    let api = api(
        "abc",
        vec![
            ("/a", Get, http_proxy("http://direct/", &[])),
            ("/b", Get, linked("http://named/", "l1")),
            ("/c", Get, linked("http://${stageVariables.host}/", "${stageVariables.link}")),
        ],
    );
    let mut release = release(&api);
    release.variables =
        [("link", "l2"), ("host", "h")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    release.canary = Some(CanaryRelease {
        percent_traffic: 50.0,
        deployment_id: release.deployment_id.clone(),
        deployment: release.deployment,
        stage_variable_overrides: [("link".to_owned(), "l3".to_owned())].into(),
        use_stage_cache: false,
    });
    release.settings.client_certificate_id = Some("c1".to_owned());
    let stage =
        CompiledStage::bind(&key("abc", "prod"), &release, |_| Some(compiled(&api))).unwrap();
    assert_eq!(stage.client_certificate(), Some("c1"));
    let links = |bound: &gw_snapshot::Bound| {
        let routes = bound.api.routes().zip(0..);
        let link = |((_, route), n)| bound.link(n, proxy(route)).map(str::to_owned);
        routes.map(link).collect::<Vec<_>>()
    };
    let texts = |all: [Option<&str>; 3]| all.map(|text| text.map(str::to_owned)).to_vec();
    assert_eq!(links(stage.main()), texts([None, Some("l1"), Some("l2")]));
    assert_eq!(links(stage.canary().unwrap()), texts([None, Some("l1"), Some("l3")]));
    // Only what is reached by its own name is looked up ahead of requests.
    let hosts: Vec<_> = stage.main().targets().map(|target| &*target.origin.host).collect();
    assert_eq!(hosts, ["direct"]);
}

#[test]
fn certificates_and_links_come_and_go() {
    let (here, there) = (Scope::new("1", "a"), Scope::new("1", "b"));
    let link = FactName::VpcLink(here.clone(), "l".to_owned());
    let certificate = FactName::ClientCertificate(here.clone(), "c".to_owned());
    let world = World::default();
    let (world, unreadable) = world.with_facts(
        [
            (&link, br#"{"addresses":["10.0.0.1:80","b"]}"#.as_slice()),
            (&certificate, br#"{"certificate":"0102","key":"03"}"#.as_slice()),
        ],
        [],
    );
    assert_eq!(unreadable, []);
    let addresses = world.facts().vpc_link(&here, "l").unwrap().addresses();
    assert_eq!(addresses.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.0.0.1:80", "b"]);
    let found = world.facts().client_certificate(&here, "c").unwrap();
    assert_eq!((found.certificate_der(), found.key_der()), (&[1, 2][..], &[3][..]));
    assert!(!format!("{world:?}").contains("03"), "keys are not printed");
    assert!(world.facts().vpc_link(&there, "l").is_none());
    assert!(world.facts().client_certificate(&there, "c").is_none());

    // What is made of one is made once, and anew for the next content.
    let made = |world: &World, n: u32| {
        *world.facts().vpc_link(&here, "l").unwrap().prepared(|_| Some(n)).unwrap()
    };
    assert_eq!((made(&world, 1), made(&world, 2)), (1, 1));
    let (next, unreadable) = world.with_facts(
        [(&link, b"{}".as_slice()), (&certificate, br#"{"certificate":"0"}"#.as_slice())],
        [],
    );
    assert_eq!(unreadable.iter().map(|fact| &fact.name).collect::<Vec<_>>(), [&certificate]);
    assert_eq!((made(&next, 3), made(&world, 4)), (3, 1));
    assert!(next.facts().client_certificate(&here, "c").is_none(), "rather none than the former");
    let (none, _) = next.with_facts([], [&link]);
    assert!(none.facts().vpc_link(&here, "l").is_none());
}
