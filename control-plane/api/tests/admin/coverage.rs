//! Every operation asks who calls, and every operation of AWS's version 1 is
//! known.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use gw_api::OPERATIONS;
use http::Request;

use crate::harness::Admin;

/// What answers without credentials. The list may only shrink.
const OPEN: &[&str] = &["Health", "Ready", "CaCertificate"];

fn concrete(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_operation_asks_for_credentials() {
    let admin = Admin::start().await;
    for operation in OPERATIONS {
        let request = || Request::builder().method(operation.method).uri(concrete(operation.path));
        let bare = admin.raw(request().body(Body::empty()).unwrap()).await;
        if OPEN.contains(&operation.name) {
            assert_eq!(bare.status, 200, "{operation:?}");
            continue;
        }
        assert_eq!(
            bare.fault(),
            (403, "MissingAuthenticationTokenException", "Missing Authentication Token".into()),
            "{operation:?}"
        );
        let forged = request().header("authorization", "Bearer gwt1.a.b").body(Body::empty());
        let forged = admin.raw(forged.unwrap()).await;
        assert_eq!(forged.fault().1, "UnrecognizedClientException", "{operation:?}");
    }
}

#[tokio::test]
async fn operations_of_later_versions_say_so() {
    let admin = Admin::start().await;
    for operation in OPERATIONS.iter().filter(|operation| !operation.available) {
        let answer = admin.call(operation.method, &concrete(operation.path), "").await;
        let message = format!("{} is not available in this version of Gatewright", operation.name);
        assert_eq!(answer.fault(), (400, "BadRequestException", message));
    }
    for (method, path) in [("GET", "/nothing"), ("DELETE", "/restapis"), ("GET", "/v2/apis")] {
        let answer = admin.call(method, path, "").await;
        let message = "Unable to determine service/operation name to be authorized".to_owned();
        assert_eq!(answer.fault(), (403, "AccessDeniedException", message));
    }
}

#[test]
fn names_are_unique() {
    let names: BTreeSet<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
    assert_eq!(names.len(), OPERATIONS.len());
    let places: BTreeSet<_> =
        OPERATIONS.iter().map(|operation| (operation.method, operation.path)).collect();
    assert_eq!(places.len(), OPERATIONS.len());
}

/// Two operations of AWS share path and verb with others.
const SHARED: &[(&str, &str)] =
    &[("ImportRestApi", "CreateRestApi"), ("ImportApiKeys", "CreateApiKey")];

/// `docs/coverage.md` says of each operation whether there is it, and of those
/// that there are, which effect is tested. `make test-ecosystem` writes it.
#[test]
fn the_page_of_coverage_is_fresh() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/coverage.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        matches!(cells.get(1), Some(&("yes" | "no")))
            .then(|| (cells[0], (cells[1] == "yes", cells[2])))
    });
    let told: BTreeMap<&str, (bool, &str)> = rows.collect();
    let aws = OPERATIONS.iter().filter(|one| !one.path.starts_with("/gatewright/"));
    let mut expected: BTreeMap<&str, bool> = aws.map(|one| (one.name, one.available)).collect();
    for (name, other) in SHARED {
        expected.insert(name, expected[other]);
    }
    assert_eq!(expected.len(), 124);
    let found: BTreeMap<&str, bool> = told.iter().map(|(name, row)| (*name, row.0)).collect();
    assert_eq!(found, expected, "make test-ecosystem writes docs/coverage.md anew");
    let blind = told.iter().filter(|(_, (available, effect))| *available && *effect == "-");
    let blind: Vec<_> = blind.map(|(name, _)| name).collect();
    assert!(blind.is_empty(), "no effect of these is tested: {blind:?}");
}
