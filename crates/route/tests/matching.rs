//! The matching rules as a table, and the router against a naive matcher.
#![allow(clippy::unwrap_used, reason = "tests")]

use gw_model::name::PathPart;
use gw_route::{BuildError, Router};
use proptest::prelude::*;

const API: &[&str] = &[
    "/",
    "/pets",
    "/pets/{id}",
    "/pets/{id}/toys/{toy}",
    "/pets/dog",
    "/pets/dog/bark",
    "/files/{proxy+}",
    "/v1.0/a:b,c",
    "/any/{proxy+}",
    "/any/known/deep",
];

fn find(templates: &[&str], path: &str) -> Option<(String, Vec<String>)> {
    let router = Router::build(templates.iter().zip(0..).map(|(t, n)| (*t, n))).unwrap();
    let found = router.find(path)?;
    let params = found.params.iter().map(|span| span.of(path).to_owned()).collect();
    Some((templates[found.resource as usize].to_owned(), params))
}

#[track_caller]
fn check(path: &str, expected: Option<(&str, &[&str])>) {
    let expected = expected.map(|(template, params)| {
        (template.to_owned(), params.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>())
    });
    assert_eq!(find(API, path), expected, "{path}");
}

#[test]
fn the_rules() {
    check("", Some(("/", &[])));
    check("/", Some(("/", &[])));
    check("///", Some(("/", &[])));
    check("/pets", Some(("/pets", &[])));
    check("/pets/", Some(("/pets", &[])));
    check("//pets", Some(("/pets", &[])));
    check("/Pets", None);
    check("/pets/7", Some(("/pets/{id}", &["7"])));
    check("/pets/dog", Some(("/pets/dog", &[])));
    check("/pets/dog/bark", Some(("/pets/dog/bark", &[])));
    // The static branch ends early, so the variable takes over.
    check("/pets/dog/toys/ball", Some(("/pets/{id}/toys/{toy}", &["dog", "ball"])));
    check("/pets/7/toys", None);
    check("/pets//toys/ball", None);
    check("/%70ets/%64og", Some(("/pets/dog", &[])));
    check("/pets/a%2Fb", Some(("/pets/{id}", &["a%2Fb"])));
    check("/v1.0/a:b,c", Some(("/v1.0/a:b,c", &[])));
    check("/v1.0/a%3Ab,c", None);
}

#[test]
fn greedy() {
    check("/files", None);
    check("/files/", None);
    check("/files/a", Some(("/files/{proxy+}", &["a"])));
    check("/files/a/", Some(("/files/{proxy+}", &["a"])));
    check("/files/a//b/c", Some(("/files/{proxy+}", &["a//b/c"])));
    check("/files//a", Some(("/files/{proxy+}", &["/a"])));
    check("/any/known/deep", Some(("/any/known/deep", &[])));
    check("/any/known", Some(("/any/{proxy+}", &["known"])));
    check("/any/known/other", Some(("/any/{proxy+}", &["known/other"])));
}

#[test]
fn dot_segments_match_nothing() {
    for path in ["/files/../pets", "/files/a/%2e%2E/b", "/pets/.", "/pets/..", "/files/a/./b"] {
        check(path, None);
    }
    check("/files/.well-known/a..b", Some(("/files/{proxy+}", &[".well-known/a..b"])));
}

#[test]
fn refusals() {
    let build = |list: &[&str]| Router::build(list.iter().map(|t| (*t, 0))).err();
    assert!(matches!(build(&["a"]), Some(BuildError::NoSlash { .. })));
    assert!(matches!(build(&["/a//b"]), Some(BuildError::InvalidPart { .. })));
    assert!(matches!(build(&["/a{b}"]), Some(BuildError::InvalidPart { .. })));
    assert!(matches!(build(&["/a/{b+}/c"]), Some(BuildError::BelowGreedy { .. })));
    assert!(matches!(build(&["/{a}", "/{b}/c"]), Some(BuildError::VariableSibling { .. })));
    assert!(matches!(build(&["/{a}", "/{a+}"]), Some(BuildError::VariableSibling { .. })));
    assert!(matches!(build(&["/a", "/a"]), Some(BuildError::Duplicate { .. })));
    assert!(matches!(build(&["/a".repeat(300).as_str()]), Some(BuildError::TooDeep { .. })));
    assert_eq!(build(&[]), None);
    assert_eq!(build(&["/{a}", "/{a}/b", "/{a}/{c+}"]), None);
}

/// Compares each template with the whole path and keeps the best one.
fn naive<'t>(templates: &[&'t str], path: &str) -> Option<&'t str> {
    let path = path.trim_matches('/');
    if path.split('/').any(|s| matches!(s, "." | "..")) {
        return None;
    }
    let segments: Vec<&str> = if path.is_empty() { Vec::new() } else { path.split('/').collect() };
    let rank = |template: &str| -> Option<Vec<u8>> {
        let inner = template.trim_start_matches('/');
        let parts: Vec<&str> = inner.split('/').filter(|p| !p.is_empty()).collect();
        let mut rank = Vec::new();
        for (n, part) in parts.iter().enumerate() {
            let segment = *segments.get(n)?;
            match PathPart::parse(part)? {
                PathPart::Static(text) if text == segment => rank.push(0),
                PathPart::Variable(_) if !segment.is_empty() => rank.push(1),
                PathPart::Greedy(_) => {
                    rank.push(2);
                    return Some(rank);
                }
                _ => return None,
            }
        }
        (segments.len() == parts.len()).then_some(rank)
    };
    templates.iter().filter_map(|t| Some((rank(t)?, *t))).min().map(|(_, t)| t)
}

fn templates() -> impl Strategy<Value = Vec<String>> {
    let part = prop_oneof![4 => "[abc]", 2 => Just("{v}".to_owned())];
    let template =
        (proptest::collection::vec(part, 0..4), any::<bool>()).prop_map(|(parts, greedy)| {
            match greedy {
                true => format!("/{}", [&parts[..], &["{g+}".to_owned()]].concat().join("/")),
                false => format!("/{}", parts.join("/")),
            }
        });
    proptest::collection::vec(template, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn agrees_with_the_naive_matcher(
        wanted in templates(),
        paths in proptest::collection::vec("(/{1,2}([abc]|zz|\\.)){0,5}/?", 1..20),
    ) {
        // Templates that clash with an earlier one are left out.
        let mut kept: Vec<&str> = Vec::new();
        for template in &wanted {
            kept.push(template);
            if Router::build(kept.iter().map(|t| (*t, 0))).is_err() {
                kept.pop();
            }
        }
        for path in &paths {
            let found = find(&kept, path).map(|(template, _)| template);
            prop_assert_eq!(found.as_deref(), naive(&kept, path), "{} in {:?}", path, kept);
        }
    }

    #[test]
    fn never_panics(path in "\\PC*", template in "\\PC*") {
        let _ = Router::build([(template.as_str(), 0), ("/{proxy+}", 1)]);
        let _ = Router::build([("/{proxy+}", 1)]).unwrap().find(&path);
    }
}
