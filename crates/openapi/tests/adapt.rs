//! `gatewright=adapt` on small documents, and on any bytes.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use gw_model::HttpMethod;
use gw_openapi::{AdaptationKind, Import, Options, new_rest_api, parse};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const BACKEND: &str = "http://backend.test";

fn adapt(paths: &[&str]) -> Import {
    let items: Map<String, Value> =
        paths.iter().map(|path| ((*path).to_owned(), json!({"get": {}}))).collect();
    adapt_document(&json!({"openapi": "3.0.0", "info": {"title": "t"}, "paths": items}))
}

fn adapt_document(document: &Value) -> Import {
    let options = Options::adapting(Some(BACKEND.to_owned()));
    parse(document.to_string().as_bytes(), &options).unwrap_or_else(|errors| panic!("{errors}"))
}

fn kinds(import: &Import, kind: AdaptationKind) -> usize {
    import.adaptations.iter().filter(|one| one.kind == kind).count()
}

/// The paths, and what the tree becomes.
#[test]
fn paths_become_trees_that_aws_allows() {
    let table: &[(&[&str], &[&str])] = &[
        (&["/a/{b}", "/a/{c}/d"], &["/a/{b}", "/a/{b}/d"]),
        (&["/a/{c}", "/a/{b}/d", "/a/{b}/e"], &["/a/{b}", "/a/{b}/d", "/a/{b}/e"]),
        (&["/x/{id}.json", "/x/{id}"], &["/x/{id}"]),
        (&["/c/{base}...{head}"], &["/c/{base_head}"]),
        (&["/{a}/{a}"], &["/{a}/{a2}"]),
        (&["/{user id}"], &["/{user_id}"]),
        (&["/a b/c$"], &["/{a_b}/{c}"]),
        (&["/f/{p+}"], &["/f/{p+}"]),
        (&["/f/{p+}", "/f/{q}"], &["/f/{p+}"]),
        (&["/f/{p+}", "/f/{q}/r"], &["/f/{p}", "/f/{p}/r"]),
        (&["/f/{p+}/r"], &["/f/{p}/r"]),
        (&["/{b}?acl", "/{b}#x"], &["/{b}"]),
        (&["/pets", "/pets/"], &["/pets"]),
        (&["/{***}"], &["/{segment}"]),
        (&["/"], &["/"]),
    ];
    for (paths, expected) in table {
        let import = adapt(paths);
        let found: Vec<&str> = import.tree.keys().map(String::as_str).collect();
        assert_eq!(&found, expected, "{paths:?}");
        assert_eq!(gw_openapi::tree::faults(found.iter().copied()), [""; 0], "{paths:?}");
        new_rest_api("a".into(), &import, &mut common::counting()).unwrap();
    }
}

#[test]
fn a_dropped_integration_is_replaced() {
    let import = adapt_document(&json!({
        "openapi": "3.0.0", "info": {"title": "t"},
        "paths": {"/a": {"get": {"x-amazon-apigateway-integration": {"$ref": "#/nowhere"}}}},
    }));
    let uri = &import.tree["/a"][&HttpMethod::Get].integration.as_ref().unwrap().uri;
    assert_eq!(uri.as_deref(), Some("http://backend.test/a"));
    assert_eq!(kinds(&import, AdaptationKind::Dropped), 1);
    assert_eq!(kinds(&import, AdaptationKind::Integration), 1);
}

#[test]
fn paths_without_a_resource_are_dropped_and_reported() {
    let import = adapt(&["/a//b", "c", "/d"]);
    assert_eq!(import.tree.keys().collect::<Vec<_>>(), ["/d"]);
    assert_eq!(kinds(&import, AdaptationKind::Dropped), 2);
    assert_eq!(import.warnings.len(), 2);
}

#[test]
fn integrations_of_the_document_follow_their_variables() {
    let own = |uri: &str| {
        json!({"type": "http_proxy", "httpMethod": "GET", "uri": uri, "requestParameters": {
            "integration.request.path.x": "method.request.path.name"},
            "cacheKeyParameters": ["method.request.path.name"]})
    };
    let import = adapt_document(&json!({"openapi": "3.0.0", "info": {"title": "t"}, "paths": {
        "/a/{id}": {"get": {}, "put": {}},
        "/a/{id}/b": {"get": {}},
        "/a/{name}": {"post": {"parameters": [{"name": "name", "in": "path", "required": true}],
            "x-amazon-apigateway-integration": own("http://h/{x}")}},
        "/v/{name}.json": {"post": {"x-amazon-apigateway-integration": own("http://h/{name}.json/{x}")}},
    }}));
    let post = &import.tree["/a/{id}"][&HttpMethod::Post];
    let integration = post.integration.as_ref().unwrap();
    assert_eq!(integration.uri.as_deref(), Some("http://h/{x}"));
    assert_eq!(
        integration.request_parameters["integration.request.path.x"],
        "method.request.path.id"
    );
    assert_eq!(integration.cache_key_parameters, ["method.request.path.id"]);
    assert_eq!(post.request_parameters.keys().collect::<Vec<_>>(), ["method.request.path.id"]);
    let mixed = import.tree["/v/{name_json}"][&HttpMethod::Post].integration.as_ref().unwrap();
    assert_eq!(mixed.uri.as_deref(), Some("http://h/{name_json}/{x}"));
    assert_eq!(
        kinds(&import, AdaptationKind::Dropped),
        1,
        "the mapping of a variable that is gone"
    );
}

#[test]
fn operations_that_meet_are_one_or_a_fault() {
    let import = adapt(&["/c/{a}", "/c/{b}"]);
    assert_eq!(import.method_count(), 1);
    assert_eq!(kinds(&import, AdaptationKind::MergedOperation), 1);
    let document = json!({"openapi": "3.0.0", "info": {"title": "t"}, "paths": {
        "/c/{a}": {"get": {}},
        "/c/{b}": {"get": {"x-amazon-apigateway-integration": {"type": "mock"}}},
    }});
    let options = Options::adapting(Some(BACKEND.to_owned()));
    let errors = parse(document.to_string().as_bytes(), &options).unwrap_err().to_string();
    assert!(errors.contains("Unable to put method 'GET' on resource at path '/c/{a}'"), "{errors}");
}

#[test]
fn schema_names_stay_apart_and_references_follow() {
    let import = adapt_document(
        &json!({"openapi": "3.0.0", "info": {"title": "t"}, "components": {
        "schemas": {
            "pet-owner": {"type": "object", "properties": {"x": {"$ref": "#/components/schemas/pet.owner"}}},
            "pet.owner": {"type": "object", "properties": {"gone": {"$ref": "#/components/schemas/no"}}},
            "petOwner": {"type": "object"},
            "---": {"type": "object"},
        }}}),
    );
    let names: Vec<&str> = import.models.keys().map(String::as_str).collect();
    assert_eq!(names, ["Model", "petOwner", "petOwner2", "petOwner3"]);
    assert!(import.models["petOwner2"].schema.contains("/models/petOwner3"));
    assert_eq!(import.models["petOwner3"].schema, r#"{"type":"object","properties":{"gone":{}}}"#);
    assert_eq!(kinds(&import, AdaptationKind::ModelName), 3);
    assert!(import.warnings[0].contains("Invalid model specified: no"), "{:?}", import.warnings);
}

#[test]
fn names_that_cannot_be_declared_are_left_out() {
    let import = adapt_document(&json!({"openapi": "3.0.0", "info": {"title": "t"}, "paths": {
        "/x/{id}": {"get": {"parameters": [
            {"name": "page[size]", "in": "query"}, {"name": "id", "in": "query"},
            {"name": "ok", "in": "query", "required": true}]}}}}));
    let method = &import.tree["/x/{id}"][&HttpMethod::Get];
    assert_eq!(
        method.request_parameters.keys().collect::<Vec<_>>(),
        ["method.request.path.id", "method.request.querystring.ok"]
    );
    assert_eq!(kinds(&import, AdaptationKind::Dropped), 2);
}

#[test]
fn a_backend_is_needed_only_where_an_integration_is_missing() {
    let document = |integration: Value| {
        json!({"openapi": "3.0.0", "info": {"title": "t"}, "servers": [{"url": "/v1"}],
            "paths": {"/x": {"get": integration.clone(), "put": integration}}})
    };
    let options = Options::adapting(None);
    let errors = parse(document(json!({})).to_string().as_bytes(), &options).unwrap_err();
    assert_eq!(errors.errors.len(), 1);
    assert!(errors.to_string().contains("no backend address was given"), "{errors}");
    let mock = json!({"x-amazon-apigateway-integration": {"type": "mock"}});
    assert!(parse(document(mock).to_string().as_bytes(), &options).is_ok());
    let bad = Options::adapting(Some("localhost:80".to_owned()));
    let errors = parse(document(json!({})).to_string().as_bytes(), &bad).unwrap_err();
    assert!(errors.to_string().contains("Invalid HTTP endpoint specified for URI"), "{errors}");
}

/// Paths from parts that clash in every way AWS forbids.
fn any_path() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("a".to_owned()),
        Just("b".to_owned()),
        "\\{[a-c]\\}",
        "\\{[a-c]\\}\\.json",
        "\\{[a-c]\\}\\.\\.\\.\\{[a-c]\\}",
        "v[0-9] x",
    ];
    prop::collection::vec(part, 0..4).prop_map(|parts| format!("/{}", parts.join("/")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn adapted_trees_obey_the_rules_and_keep_every_address(
        paths in prop::collection::btree_set(any_path(), 1..8)
    ) {
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let import = adapt(&paths);
        prop_assert_eq!(
            gw_openapi::tree::faults(import.tree.keys().map(String::as_str)),
            Vec::<String>::new()
        );
        for path in paths {
            let asked = common::filled(path).replace(' ', "%20");
            let (_, method, values) = common::route(&import.tree, HttpMethod::Get, &asked)
                .ok_or_else(|| TestCaseError::fail(format!("{path} has no route")))?;
            let called = common::upstream(method, &values);
            let expected = format!("{BACKEND}{asked}");
            prop_assert_eq!(called.trim_end_matches('/'), expected.trim_end_matches('/'));
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes, &Options::default());
        let _ = parse(&bytes, &Options::adapting(None));
    }

    #[test]
    fn no_document_panics(value in any_document()) {
        let text = value.to_string();
        for options in [Options::default(), Options::adapting(Some(BACKEND.to_owned()))] {
            if let Ok(import) = parse(text.as_bytes(), &options) {
                let api = new_rest_api("a".into(), &import, &mut common::counting());
                prop_assert!(api.is_ok() || options.adapt.is_none(), "{:?}", api);
            }
        }
    }
}

/// JSON whose keys and texts are the words of OpenAPI, in any shape.
fn any_document() -> impl Strategy<Value = Value> {
    const WORDS: [&str; 38] = [
        "paths",
        "/x",
        "/{a}",
        "/{b+}",
        "get",
        "post",
        "parameters",
        "name",
        "in",
        "query",
        "path",
        "schema",
        "$ref",
        "#/components/schemas/A",
        "#/paths",
        "components",
        "schemas",
        "A",
        "type",
        "object",
        "array",
        "items",
        "properties",
        "responses",
        "200",
        "content",
        "application/json",
        "x-amazon-apigateway-integration",
        "uri",
        "http://h",
        "httpMethod",
        "requestParameters",
        "security",
        "securitySchemes",
        "x-amazon-apigateway-authorizer",
        "servers",
        "url",
        "headers",
    ];
    let word = prop::sample::select(WORDS.to_vec());
    let leaf = prop_oneof![
        word.clone().prop_map(|text| json!(text)),
        any::<i32>().prop_map(|number| json!(number)),
        any::<bool>().prop_map(|flag| json!(flag)),
        Just(Value::Null),
    ];
    let tree = leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(word.clone(), inner, 0..6).prop_map(|members| {
                Value::Object(
                    members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
                )
            }),
        ]
    });
    prop::collection::btree_map(
        prop::sample::select(vec!["paths", "components", "servers", "security"]),
        tree,
        0..4,
    )
    .prop_map(|members| {
        let mut document = json!({"openapi": "3.0.0", "info": {"title": "t"}});
        for (key, value) in members {
            document[key] = value;
        }
        document
    })
}

/// AWS does not read the document's own `security`; whoever adapts is told.
#[test]
fn security_of_the_document_is_named_as_left_out() {
    let document = |own: &Value| {
        json!({"openapi": "3.0.0", "info": {"title": "t"}, "security": [{"key": []}, {}],
            "components": {"securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"}}},
            "paths": {"/a": {"get": own, "post": {"security": [{"key": []}]}}}})
    };
    let import = adapt_document(&document(&json!({})));
    assert!(!import.tree["/a"][&HttpMethod::Get].api_key_required);
    assert!(import.tree["/a"][&HttpMethod::Post].api_key_required);
    let told: Vec<_> = import.adaptations.iter().filter(|one| one.place == "security").collect();
    assert_eq!(told.len(), 1, "{:?}", import.adaptations);
    assert!(told[0].detail.contains("(key)") && told[0].detail.contains("1 operation without"));
    let own = adapt_document(&document(&json!({"security": []})));
    assert!(own.adaptations.iter().all(|one| one.place != "security"));
}
