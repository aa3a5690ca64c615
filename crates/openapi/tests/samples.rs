//! Every published sample: imported as AWS would, and with adaptation.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{collections::BTreeSet, time::Instant};

use gw_model::{Api, HttpMethod};
use gw_openapi::{AdaptationKind, Import, Mode, Options, Refusal, new_rest_api, parse};

fn github() -> Option<Vec<u8>> {
    Some(std::fs::read(gw_testkit::samples::openapi("github")?.join("github-rest.json")).unwrap())
}

fn adapted(bytes: &[u8]) -> Import {
    parse(bytes, &Options::adapting(Some("http://backend.test/base".into())))
        .unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn every_sample_imports_or_is_refused_for_a_named_reason() {
    let Some(samples) = common::samples("every_sample_imports_or_is_refused_for_a_named_reason")
    else {
        return;
    };
    let mut seen = 0;
    for (name, bytes) in samples {
        match parse(&bytes, &Options::default()) {
            Ok(import) => {
                assert!(import.method_count() > 0, "{name}");
                assert!(import.adaptations.is_empty(), "{name}");
                let api = new_rest_api("abc".into(), &import, &mut common::counting()).unwrap();
                let methods: usize = api.resources.values().map(|r| r.methods.len()).sum();
                assert_eq!(methods, import.method_count(), "{name}");
            }
            Err(errors) => {
                assert_eq!(name, "github-rest.json", "{name}: {errors}");
            }
        }
        let import = adapted(&bytes);
        for (path, methods) in &import.tree {
            for (verb, method) in methods {
                assert!(method.integration.is_some(), "{name}: {verb} {path}");
            }
        }
        new_rest_api("abc".into(), &import, &mut common::counting())
            .unwrap_or_else(|errors| panic!("{name}: {errors}"));
        seen += 1;
    }
    assert!(seen >= 24, "only {seen} samples");
}

#[test]
fn plain_import_of_github_names_every_rule_that_it_breaks() {
    let Some(bytes) = github() else { return };
    let errors = parse(&bytes, &Options::default()).unwrap_err();
    assert_eq!(errors.kind, Refusal::Invalid);
    let text = errors.to_string();
    for part in [
        "Errors found during import:\n\t",
        "The document has 6945947 bytes, which exceeds the limit of 6291456 bytes",
        "Unable to create model for 'simple-user': Model name must be alphanumeric: simple-user",
        "Unable to create resource at path '/repos/{template_owner}': A sibling ({owner}) of this \
         resource already has a variable path part -- only one is allowed",
        "Unable to create resource at path '/repos/{owner}/{repo}/compare/{base}...{head}': \
         Resource's path part only allow a-zA-Z0-9._-:",
    ] {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
fn adapted_github_keeps_every_operation_and_its_address() {
    let Some(bytes) = github() else { return };
    let started = Instant::now();
    let import = adapted(&bytes);
    let took = started.elapsed();
    println!("github-rest.json adapted in {took:?}");
    // A quarter of a second on an idle core; a busy machine gets room.
    if !cfg!(debug_assertions) {
        assert!(took.as_secs_f64() < 3.0, "{took:?}");
    }
    // Two of the 1,223 operations are one to any gateway: comparing
    // {base}...{head} and comparing {basehead} are the same request.
    assert_eq!(import.method_count(), 1222);
    let merged: Vec<_> = import
        .adaptations
        .iter()
        .filter(|one| one.kind == AdaptationKind::MergedOperation)
        .map(|one| one.place.as_str())
        .collect();
    assert_eq!(merged, ["GET /repos/{owner}/{repo}/compare/{base}...{head}"]);

    let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let mut met = BTreeSet::new();
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for verb in HttpMethod::ALL {
            if item.get(verb.as_str().to_lowercase()).is_none() {
                continue;
            }
            let asked = common::filled(path);
            let (resource, method, values) = common::route(&import.tree, verb, &asked).unwrap();
            let called = common::upstream(method, &values);
            assert_eq!(called, format!("http://backend.test/base{asked}"), "{verb} {path}");
            met.insert((verb, resource.to_owned()));
            operations += 1;
        }
    }
    assert_eq!((operations, met.len()), (1223, 1222));

    let kinds: BTreeSet<AdaptationKind> =
        import.adaptations.iter().map(|adaptation| adaptation.kind).collect();
    for kind in [
        AdaptationKind::Integration,
        AdaptationKind::PathVariable,
        AdaptationKind::MixedSegment,
        AdaptationKind::MergedPath,
        AdaptationKind::ModelName,
    ] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
    let integrations =
        import.adaptations.iter().filter(|one| one.kind == AdaptationKind::Integration).count();
    assert_eq!(integrations, 1223);
    assert!(import.models.keys().all(|name| gw_model::name::is_model_name(name)));
    assert!(import.models.len() >= 969);
}

#[test]
fn adaptation_is_deterministic_and_goes_to_the_documents_server() {
    let Some(bytes) = github() else { return };
    let one = parse(&bytes, &Options::adapting(None)).unwrap();
    let two = parse(&bytes, &Options::adapting(None)).unwrap();
    assert_eq!(one, two);
    let encode = |import: &Import| {
        let api = new_rest_api("a".into(), import, &mut common::counting()).unwrap();
        gw_model::encode::encode(&Api::Rest(api)).digest
    };
    assert_eq!(encode(&one), encode(&two));
    let user = one.tree["/user"][&HttpMethod::Get].integration.as_ref().unwrap();
    assert_eq!(user.uri.as_deref(), Some("https://api.github.com/user"));
}

#[test]
fn a_second_import_of_the_same_document_changes_nothing() {
    let Some(bytes) = github() else { return };
    let import = adapted(&bytes);
    let api = new_rest_api("a".into(), &import, &mut common::counting()).unwrap();
    for mode in [Mode::Merge, Mode::Overwrite] {
        let mut fresh = |kind| panic!("a new id for {kind:?}");
        let again = gw_openapi::apply(api.clone(), &import, mode, &mut fresh).unwrap();
        assert_eq!(again, api);
        assert!(gw_openapi::diff(&api, &again).is_empty());
    }
}
