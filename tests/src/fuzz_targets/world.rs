//! What a node gets from its control plane and from its disk.

use std::sync::Arc;

use gw_model::{Api, Digest, FactName, Release, ResourceName, RootDigest, Scope, StageKey};
use gw_snapshot::{CompiledApi, CompiledStage, Limits, World};

use super::admin;

/// A world's parts: stream messages and log records, a deployment's content
/// with, behind a NUL, a release of it; names and digests.
///
/// # Panics
/// When a reader does, or accepts what it cannot give back.
pub fn world(data: &[u8]) {
    gw_sync::fuzz::world(data);
    names(data);
    facts(data);
    let (content, release) = match data.iter().position(|b| *b == 0) {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, data),
    };
    let compiled = deployment(content).unwrap_or_else(|| {
        let api = Api::Rest(admin::api());
        gw_snapshot::compile(&api, &Limits::default()).expect("the smallest API compiles")
    });
    if let Ok(release) = serde_json::from_slice::<Release>(release) {
        bind(&release, &Arc::new(compiled));
    }
}

fn deployment(content: &[u8]) -> Option<CompiledApi> {
    let api = gw_model::encode::decode(content).ok()?;
    let encoded = gw_model::encode::encode(&api);
    assert_eq!(gw_model::encode::decode(&encoded.bytes).expect("what was encoded decodes"), api);
    let compiled = gw_snapshot::compile(&api, &Limits::default()).ok()?;
    for (resource, route) in compiled.routes() {
        let path: String = resource.path.replace("+}", "").replace(['{', '}'], "");
        // A dot segment matches no route, on purpose (ADR 7).
        if path.split('/').any(|segment| segment == "." || segment == "..") {
            continue;
        }
        let found = compiled.router().find(&path).expect("a resource's own path leads somewhere");
        let found = compiled.resource(found.resource).expect("the router's numbers are resources");
        let _ = compiled.route(found, route.verb);
    }
    Some(compiled)
}

fn bind(release: &Release, compiled: &Arc<CompiledApi>) {
    let text = serde_json::to_vec(release).expect("releases hold string-keyed maps only");
    let again: Release = serde_json::from_slice(&text).expect("what was written reads");
    assert_eq!(&again, release);
    let key = StageKey {
        scope: Scope::new("000000000000", "us-east-1"),
        api: "a123456789".into(),
        stage: "prod".into(),
    };
    assert!(CompiledStage::bind(&key, release, |_: &Digest| None).is_err());
    let stage = CompiledStage::bind(&key, release, |_: &Digest| Some(Arc::clone(compiled)))
        .expect("a release whose deployments are here binds");
    for draw in [0, u32::MAX / 2, u32::MAX] {
        let bound = stage.choose(draw);
        for route in 0..4 {
            let _ = stage.throttle(bound, route);
        }
    }
    let world = World::default().with([Arc::new(stage)], []);
    assert!(world.stage("a123456789", "prod").is_some());
}

/// Facts of every kind with this content: read, or kept out alone.
fn facts(data: &[u8]) {
    let scope = Scope::new("000000000000", "us-east-1");
    let of = |kind: fn(Scope, String) -> FactName| kind(scope.clone(), "id".to_owned());
    let names = [
        FactName::Domain("a.test".to_owned()),
        of(FactName::ApiKey),
        of(FactName::UsagePlan),
        of(FactName::ClientCertificate),
        of(FactName::VpcLink),
        FactName::api_key_hash(),
    ];
    let upserts = names.iter().map(|name| (name, data));
    let (world, unreadable) = World::default().with_facts(upserts, []);
    assert!(unreadable.iter().all(|fact| names.contains(&fact.name)));
    let key = StageKey { scope, api: "a123456789".into(), stage: "prod".into() };
    let _ = world.facts().api_key(&key, data);
    let (empty, unreadable) = world.with_facts([], &names);
    assert!(unreadable.is_empty() && empty.facts().api_key_count() == 0);
}

fn names(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(name) = text.parse::<ResourceName>() {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        if let Ok(digest) = text.parse::<Digest>() {
            assert_eq!(digest.to_string().parse(), Ok(digest));
        }
    }
    if let Some(root) = RootDigest::from_slice(data) {
        assert_eq!(root.to_bytes().as_slice(), data);
        let mut changed = root;
        changed.add("node/a", 1, data);
        changed.remove("node/a", 1, data);
        assert_eq!(changed, root);
    }
}
