//! What the tests of this crate share: small documents, ids that count,
//! and a router that is as simple as AWS's rules allow.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "tests")]

pub(crate) mod same;

use std::collections::BTreeMap;

use gw_model::{HttpMethod, Method};
use gw_openapi::{IdKind, Import, Options, parse};
use serde_json::{Value, json};

/// Imports a document that has to be in order.
pub(crate) fn import(document: &Value, options: &Options) -> Import {
    parse(document.to_string().as_bytes(), options).unwrap_or_else(|errors| panic!("{errors}"))
}

/// A document with these paths.
#[allow(clippy::needless_pass_by_value, reason = "callers write json! in place")]
pub(crate) fn openapi(paths: Value) -> Value {
    json!({"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": paths})
}

/// The document with one more member.
pub(crate) fn with(mut document: Value, name: &str, value: Value) -> Value {
    document[name] = value;
    document
}

/// Published API descriptions with their names; `None`, noted as skipped, where
/// there are none.
pub(crate) fn samples(test: &str) -> Option<impl Iterator<Item = (String, Vec<u8>)>> {
    let files = std::fs::read_dir(gw_testkit::samples::openapi(test)?).unwrap();
    Some(files.map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read(&path).unwrap())
    }))
}

/// Ids that count up: `resource1`, `model2`, ...
pub(crate) fn counting() -> impl FnMut(IdKind) -> String {
    let mut number = 0;
    move |kind| {
        number += 1;
        format!("{}{number}", format!("{kind:?}").to_lowercase())
    }
}

/// The resource, its method, and the values of the path's variables.
pub(crate) type Found<'t> = (&'t str, &'t Method, BTreeMap<String, String>);

/// Finds the resource for a path, static parts first, and the values of its
/// variables.
pub(crate) fn route<'t>(
    tree: &'t BTreeMap<String, BTreeMap<HttpMethod, Method>>,
    verb: HttpMethod,
    path: &str,
) -> Option<Found<'t>> {
    let wanted: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let mut best: Option<(Vec<u8>, Found<'t>)> = None;
    for (resource, methods) in tree {
        let Some(method) = methods.get(&verb).or_else(|| methods.get(&HttpMethod::Any)) else {
            continue;
        };
        let Some((rank, values)) = matches(resource, &wanted) else { continue };
        if best.as_ref().is_none_or(|(known, ..)| rank < *known) {
            best = Some((rank, (resource, method, values)));
        }
    }
    best.map(|(_, found)| found)
}

fn matches(resource: &str, wanted: &[&str]) -> Option<(Vec<u8>, BTreeMap<String, String>)> {
    let parts: Vec<&str> = resource.split('/').filter(|part| !part.is_empty()).collect();
    let (mut rank, mut values) = (Vec::new(), BTreeMap::new());
    for (at, part) in parts.iter().enumerate() {
        if let Some(name) = part.strip_prefix('{').and_then(|rest| rest.strip_suffix("+}")) {
            (at < wanted.len()).then_some(())?;
            values.insert(name.to_owned(), wanted[at..].join("/"));
            rank.push(2);
            return Some((rank, values));
        }
        let here = wanted.get(at)?;
        if let Some(name) = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            values.insert(name.to_owned(), (*here).to_owned());
            rank.push(1);
        } else if part == here {
            rank.push(0);
        } else {
            return None;
        }
    }
    (parts.len() == wanted.len()).then_some((rank, values))
}

/// The address that an integration calls for these path values.
pub(crate) fn upstream(method: &Method, values: &BTreeMap<String, String>) -> String {
    let integration = method.integration.as_ref().unwrap();
    let mut uri = integration.uri.clone().unwrap();
    for (target, source) in &integration.request_parameters {
        let place = target.strip_prefix("integration.request.path.").unwrap();
        let value = &values[source.strip_prefix("method.request.path.").unwrap()];
        assert!(uri.contains(&format!("{{{place}}}")), "{uri} has no {place}");
        uri = uri.replace(&format!("{{{place}}}"), value);
    }
    assert!(!uri.contains('{'), "{uri} is not filled");
    uri
}

/// A path with a distinct value in place of each variable.
pub(crate) fn filled(path: &str) -> String {
    let mut filled = String::new();
    let mut rest = path;
    let mut number = 0;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((_, after)) = after.split_once('}') else { break };
        number += 1;
        filled.push_str(before);
        filled.push_str(&format!("value{number}"));
        rest = after;
    }
    filled + rest
}
