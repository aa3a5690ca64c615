#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn at(kind: &str, members: &[(&str, &str)]) -> DocumentationLocation {
    let mut location = DocumentationLocation::of(kind.parse().unwrap());
    for (member, value) in members {
        let value = Some((*value).to_owned());
        match *member {
            "path" => location.path = value,
            "method" => location.method = value,
            "statusCode" => location.status_code = value,
            _ => location.name = value,
        }
    }
    location
}

fn part(location: DocumentationLocation, properties: &str) -> DocumentationPart {
    DocumentationPart { location, properties: properties.to_owned() }
}

#[test]
fn each_type_has_its_members() {
    let all = [("path", "/p"), ("method", "GET"), ("statusCode", "200"), ("name", "n")];
    let table: [(&str, &[&str], bool); 12] = [
        ("API", &[], false),
        ("AUTHORIZER", &["name"], true),
        ("MODEL", &["name"], true),
        ("RESOURCE", &["path"], false),
        ("METHOD", &["path", "method"], false),
        ("PATH_PARAMETER", &["path", "method", "name"], true),
        ("QUERY_PARAMETER", &["path", "method", "name"], true),
        ("REQUEST_HEADER", &["path", "method", "name"], true),
        ("REQUEST_BODY", &["path", "method", "name"], false),
        ("RESPONSE", &["path", "method", "statusCode"], false),
        ("RESPONSE_HEADER", &["path", "method", "statusCode", "name"], true),
        ("RESPONSE_BODY", &["path", "method", "statusCode"], false),
    ];
    for (kind, valid, named) in table {
        for (member, value) in all {
            let mut members = vec![(member, value)];
            if named && member != "name" {
                members.push(("name", "n"));
            }
            let checked = at(kind, &members).check();
            assert_eq!(checked.is_ok(), valid.contains(&member), "{kind} {member} {checked:?}");
        }
        assert_eq!(at(kind, &[]).check().is_err(), named, "{kind} without a name");
    }
}

#[test]
fn values_have_rules() {
    for (kind, member, value) in [
        ("RESOURCE", "path", "pets"),
        ("RESOURCE", "path", "/a b"),
        ("METHOD", "method", "FETCH"),
        ("RESPONSE", "statusCode", "20"),
        ("RESPONSE", "statusCode", "600"),
        ("MODEL", "name", ""),
    ] {
        assert!(at(kind, &[(member, value)]).check().is_err(), "{kind} {member} {value:?}");
    }
    for (kind, member, value) in
        [("METHOD", "method", "*"), ("METHOD", "method", "ANY"), ("RESPONSE", "statusCode", "*")]
    {
        at(kind, &[(member, value)]).check().unwrap();
    }
}

#[test]
fn an_absent_member_is_its_default() {
    let spelled = at("RESPONSE", &[("path", "/"), ("method", "*"), ("statusCode", "*")]);
    assert_eq!(at("RESPONSE", &[]).key(), spelled.key());
    assert_ne!(at("RESPONSE", &[]), spelled);
    assert_ne!(at("RESPONSE", &[]).key(), at("RESPONSE_BODY", &[]).key());
    assert_eq!(spelled.to_string(), "type 'RESPONSE', path '/', method '*', statusCode '*'");
    for (given, whole) in [
        (at("RESPONSE", &[]), spelled.clone()),
        (at("METHOD", &[("method", "GET")]), at("METHOD", &[("path", "/"), ("method", "GET")])),
        (at("RESOURCE", &[("path", "/a")]), at("RESOURCE", &[("path", "/a")])),
        (at("MODEL", &[("name", "m")]), at("MODEL", &[("name", "m")])),
        (at("API", &[]), at("API", &[])),
    ] {
        assert_eq!(given.clone().spelled_out(), whole);
        assert_eq!(whole.in_short(), given);
    }
}

#[test]
fn the_most_specific_content_applies() {
    let parts = [
        part(at("RESPONSE", &[("statusCode", "400")]), "general"),
        part(at("RESPONSE", &[("path", "/pets"), ("statusCode", "400")]), "pets"),
        part(at("RESPONSE", &[("path", "/pets")]), "any status"),
        part(at("RESPONSE", &[("path", "/pets/{id}"), ("method", "GET")]), "any of GET"),
        part(at("RESOURCE", &[]), "root"),
    ];
    let response = |path, method, status| {
        at("RESPONSE", &[("path", path), ("method", method), ("statusCode", status)])
    };
    for (target, found) in [
        (response("/", "GET", "400"), Some("general")),
        (response("/petshop", "GET", "400"), Some("general")),
        (response("/pets", "GET", "400"), Some("pets")),
        (response("/pets/{id}", "PUT", "400"), Some("pets")),
        // A longer path goes before a more exact status.
        (response("/pets/{id}", "GET", "400"), Some("any of GET")),
        (response("/pets", "GET", "200"), Some("any status")),
        (response("/", "GET", "200"), None),
        // Resources inherit nothing.
        (at("RESOURCE", &[("path", "/")]), Some("root")),
        (at("RESOURCE", &[("path", "/pets")]), None),
    ] {
        let content = content_for(&parts, &target).map(|part| part.properties.as_str());
        assert_eq!(content, found, "{target}");
    }
}

#[test]
fn imports_merge_or_overwrite() {
    let now: Documentation = [
        ("aaaaaa".into(), part(at("API", &[]), r#"{"a": 1, "b": 2}"#)),
        ("bbbbbb".into(), part(at("RESOURCE", &[]), r#"{"x":1}"#)),
    ]
    .into();
    let parts = [
        part(at("RESOURCE", &[("path", "/")]), r#"{"y":2}"#),
        part(at("API", &[]), r#"{"b":2}"#),
        part(at("MODEL", &[("name", "Pet")]), "{}"),
    ];
    let run = |mode| {
        // An id that is taken is not given again.
        let mut ids = ["aaaaaa", "cccccc", "dddddd", "eeeeee"].into_iter();
        import(&now, &parts, mode, || ids.next().unwrap().into())
    };
    let (merged, ids) = run(DocumentationMode::Merge);
    assert_eq!(ids, ["bbbbbb".into(), "aaaaaa".into(), "cccccc".into()]);
    assert_eq!(merged["bbbbbb"].properties, r#"{"x":1,"y":2}"#);
    assert_eq!(merged["aaaaaa"].properties, r#"{"a": 1, "b": 2}"#);
    assert_eq!(merged["cccccc"].location.name.as_deref(), Some("Pet"));
    let (replaced, ids) = run(DocumentationMode::Overwrite);
    assert_eq!(ids, ["cccccc".into(), "dddddd".into(), "eeeeee".into()]);
    assert_eq!(replaced["dddddd"].properties, r#"{"b":2}"#);
    assert_eq!(replaced.len(), 3);
}
