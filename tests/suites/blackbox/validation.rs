//! Bodies and parameters of requests against the models of a deployed API.

use std::collections::BTreeMap;

use gw_schema_testkit::{Case, Random, by_hand, random_schema, random_value};
use gw_testkit::{
    cluster::{Cluster, Options},
    echo::Echo,
    http::{Answer, Call},
    samples,
};
use gw_tests::{
    story,
    system::{Admin, System as _},
};
use http::Method;
use serde_json::{Value, json};

const ERROR: &str = "$context.error.messageString|$context.error.validationErrorString";

/// An API with a POST for each path, answered by the gateway if its body is
/// what the models say that it names by media type.
fn document(title: &str, methods: &BTreeMap<String, Value>, models: &[&str]) -> Value {
    let placeholders: serde_json::Map<String, Value> =
        models.iter().map(|name| ((*name).to_owned(), json!({"type": "object"}))).collect();
    let paths: serde_json::Map<String, Value> = methods
        .iter()
        .map(|(path, models)| {
            let mut content = json!({});
            for (media, model) in models.as_object().unwrap() {
                let model = model.as_str().unwrap();
                content[media] = json!({"schema": {"$ref": format!("#/components/schemas/{model}")}});
            }
            let operation = json!({
                "x-amazon-apigateway-request-validator": "bodies",
                "requestBody": {"content": content},
                "responses": {"200": {"description": "ok"}},
                "x-amazon-apigateway-integration": {
                    "type": "mock",
                    "requestTemplates": {"$default": "{\"statusCode\": 200}"},
                    "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": "good"}}},
                },
            });
            (path.clone(), json!({"post": operation}))
        })
        .collect();
    json!({
        "openapi": "3.0.1",
        "info": {"title": title, "version": "1"},
        "x-amazon-apigateway-request-validators": {
            "bodies": {"validateRequestBody": true, "validateRequestParameters": false}},
        "x-amazon-apigateway-gateway-responses": {
            "BAD_REQUEST_BODY": {"responseTemplates": {"application/json": ERROR}}},
        "components": {"schemas": placeholders},
        "paths": paths,
    })
}

/// Gives a model its schema, word for word.
async fn set_schema(admin: &Admin, api: &str, model: &str, schema: &Value) {
    let body = json!({"patchOperations":
        [{"op": "replace", "path": "/schema", "value": schema.to_string()}]});
    let path = format!("/restapis/{api}/models/{model}");
    admin.call(Method::PATCH, &path, body.to_string()).await.ok();
}

async fn post(
    url: &str,
    api: &str,
    path: &str,
    media: Option<&str>,
    body: impl Into<bytes::Bytes>,
) -> Answer {
    let url = format!("{url}{}", story::path(api, "prod", path));
    let mut call = Call::new(Method::POST, &url).body(body);
    if let Some(media) = media {
        call = call.header("content-type", media);
    }
    call.send().await.unwrap_or_else(|error| panic!("{url}: {error}"))
}

fn all_cases() -> Vec<Case> {
    let mut cases = by_hand();
    for seed in 0..80 {
        let mut random = Random(seed + 1_000_000);
        let schema = random_schema(&mut random);
        let instances = (0..8).map(|_| random_value(&mut random, 3)).collect();
        cases.push(Case { schema, instances });
    }
    cases
}

/// What another implementation of draft 4 says, said by a deployed API.
#[tokio::test(flavor = "multi_thread")]
async fn draft_4_through_a_deployed_api() {
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
    let admin = cluster.client();
    let cases = all_cases();
    let names: Vec<String> = (0..cases.len()).map(|n| format!("M{n}")).collect();
    let methods = (0..cases.len())
        .map(|n| (format!("/s{n}"), json!({"application/json": names[n]})))
        .collect();
    let models: Vec<&str> = names.iter().map(String::as_str).collect();
    let api = story::import(&admin, &document("draft 4", &methods, &models)).await;
    for (name, case) in names.iter().zip(&cases) {
        set_schema(&admin, &api, name, &case.schema).await;
    }
    let deployed = story::deploy(&admin, &api, "prod", json!({})).await.ok();
    assert!(!deployed.body.contains("warning"), "{}", deployed.body);
    cluster.wait_current().await;
    let url = cluster.nodes[0].url();
    let (mut valid, mut invalid) = (0, 0);
    for (n, case) in cases.iter().enumerate() {
        let oracle = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft4)
            .should_validate_formats(true)
            .build(&case.schema)
            .unwrap_or_else(|error| panic!("{}: {error}", case.schema));
        let path = format!("/s{n}");
        for instance in &case.instances {
            let body = instance.to_string();
            let answer = post(&url, &api, &path, Some("application/json"), body).await;
            let what = format!("{} {instance}: {} {}", case.schema, answer.status, answer.text());
            if oracle.is_valid(instance) {
                assert_eq!((answer.status, answer.text().as_str()), (200, "good"), "{what}");
                valid += 1;
            } else {
                assert_eq!(answer.status, 400, "{what}");
                assert!(answer.text().starts_with("\"Invalid request body\"|["), "{what}");
                invalid += 1;
            }
        }
    }
    let schemas = cases.len();
    println!(
        "{} bodies against {schemas} schemas agree: {valid} valid, {invalid} invalid",
        valid + invalid
    );
    assert!(valid > 500 && invalid > 500);
}

/// The rules around a schema: media types, empty and unreadable bodies, sizes,
/// references between models, changes, and what cannot be compiled.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_meet_the_model_of_their_media_type() {
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
    let admin = cluster.client();
    let methods = BTreeMap::from([
        ("/pet".to_owned(), json!({"application/json": "Pet", "application/vnd.pet+json": "Name"})),
        ("/any".to_owned(), json!({"$default": "Name", "application/json": "Pet"})),
        ("/empty".to_owned(), json!({"application/json": "Empty"})),
        ("/bomb".to_owned(), json!({"application/json": "Bomb"})),
        ("/poison".to_owned(), json!({"application/json": "Poison"})),
    ]);
    let models = ["Pet", "Owner", "Name", "Empty", "Bomb", "Poison"];
    let api = story::import(&admin, &document("media types", &methods, &models)).await;
    let reference = |name: &str| json!({"$ref": format!("https://apigateway.amazonaws.com/restapis/{api}/models/{name}")});
    let pet = json!({"type": "object", "required": ["name"], "properties": {
        "name": {"type": "string"}, "owner": reference("Owner"), "notes": {"type": "array", "items": {"type": "string"}}}});
    let owner = json!({"type": "object", "properties": {"pets": {"type": "array", "items": reference("Pet")}}});
    for (name, schema) in [
        ("Pet", &pet),
        ("Owner", &owner),
        ("Name", &json!({"type": "string"})),
        ("Bomb", &json!({"type": "string", "pattern": r"^(?:a|a)*(?!b)[bc]$"})),
        ("Poison", &json!({"items": {"$ref": "#/definitions/none"}})),
    ] {
        set_schema(&admin, &api, name, schema).await;
    }
    let deployed = story::deploy(&admin, &api, "prod", json!({})).await.ok();
    let warnings = admin.get(&format!("/gatewright/v1/restapis/{api}/stages/prod/releases")).await;
    let told = format!("{} {}", deployed.body, warnings.body);
    assert!(told.contains("model Poison: #/definitions/none leads nowhere"), "{told}");
    cluster.wait_current().await;
    let url = cluster.nodes[0].url();
    let large = format!(r#"{{"name": "Rex", "notes": [{}"x"]}}"#, r#""bark","#.repeat(20_000));
    let late_fault = large.replace(r#""x"]"#, "1]");
    let json = Some("application/json");
    let unreadable = r#""Invalid request body"|[Unknown error parsing request body]"#;
    let missing = r#""Invalid request body"|[object has missing required properties (["name"])]"#;
    let string = |allowed: &str, found: &str| {
        format!(
            "\"Invalid request body\"|[instance type ({found}) does not match any allowed primitive type (allowed: [\"{allowed}\"])]"
        )
    };
    type Case<'a> = (&'a str, Option<&'a str>, &'a [u8], u16, String);
    let table: Vec<Case<'_>> = vec![
        ("/pet", json, br#"{"name": "Rex"}"#, 200, "good".into()),
        ("/pet", None, br#"{"name": "Rex"}"#, 200, "good".into()),
        ("/pet", None, b"{}", 400, missing.into()),
        ("/pet", Some("application/json; charset=utf-8"), b"{}", 400, missing.into()),
        ("/pet", Some("Application/JSON"), b"{}", 400, missing.into()),
        ("/pet", Some("application/vnd.pet+json"), b"{}", 400, string("string", "object")),
        ("/pet", Some("application/vnd.pet+json"), b"\"Rex\"", 200, "good".into()),
        // Without a model for the media type anything is good.
        ("/pet", Some("text/plain"), b"no JSON", 200, "good".into()),
        ("/any", Some("text/plain"), b"1", 400, string("string", "integer")),
        ("/any", Some("text/plain"), b"\"x\"", 200, "good".into()),
        ("/any", json, b"\"x\"", 400, string("object", "string")),
        // No body is an empty object.
        ("/pet", json, b"", 400, missing.into()),
        ("/empty", json, b"", 200, "good".into()),
        ("/empty", json, b"[]", 400, string("object", "array")),
        ("/pet", json, b"{\"name\": ", 400, unreadable.into()),
        ("/pet", json, b"{name: 'Rex'}", 400, unreadable.into()),
        ("/pet", json, b"{\"name\": \"\xff\"}", 400, unreadable.into()),
        ("/pet", json, b"<pet/>", 400, unreadable.into()),
        // The last of equal names counts; numbers have no bound.
        ("/pet", json, br#"{"name": 1, "name": "Rex"}"#, 200, "good".into()),
        ("/pet", json, br#"{"name": "Rex", "name": 1e99999}"#, 400, string("string", "number")),
        (
            "/pet",
            json,
            br#"{"name": "Rex", "owner": {"pets": [{"name": "Ada"}]}}"#,
            200,
            "good".into(),
        ),
        ("/pet", json, br#"{"name": "Rex", "owner": {"pets": [{}]}}"#, 400, missing.into()),
        ("/pet", json, large.as_bytes(), 200, "good".into()),
        ("/pet", json, late_fault.as_bytes(), 400, string("string", "integer")),
        ("/bomb", json, b"\"aaac\"", 200, "good".into()),
        (
            "/bomb",
            json,
            b"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"",
            500,
            r#"{"message": "Internal server error"}"#.into(),
        ),
        ("/poison", json, b"[]", 500, r#"{"message": "Internal server error"}"#.into()),
    ];
    for (path, media, body, status, text) in &table {
        let answer = post(&url, &api, path, *media, body.to_vec()).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]);
        assert_eq!((answer.status, &answer.text()), (*status, text), "{path} {media:?} {shown}");
    }
    let deep = vec![b'['; 100_000];
    let answer = post(&url, &api, "/pet", json, deep).await;
    assert_eq!((answer.status, answer.text().as_str()), (400, unreadable));

    // What is changed counts from the next deployment on.
    set_schema(&admin, &api, "Owner", &json!({"type": "null"})).await;
    let body = r#"{"name": "Rex", "owner": {}}"#;
    assert_eq!(post(&url, &api, "/pet", json, body).await.status, 200);
    story::deploy(&admin, &api, "prod", json!({})).await.ok();
    cluster.wait_current().await;
    let answer = post(&url, &api, "/pet", json, body).await;
    assert_eq!((answer.status, answer.text()), (400, string("null", "object")));
    story::rollback(&admin, &api, "prod").await.ok();
    cluster.wait_current().await;
    assert_eq!(post(&url, &api, "/pet", json, body).await.status, 200);
}

/// AWS's two documents with validators, before a backend that repeats what it
/// gets.
#[tokio::test(flavor = "multi_thread")]
async fn aws_documents_with_validators() {
    let Some(folder) = samples::openapi("aws_documents_with_validators") else { return };
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
    let admin = cluster.client();
    let url = cluster.nodes[0].url();
    let echo = Echo::start("pets");
    for number in [24, 25] {
        let file = format!("aws-guide-api-gateway-request-validation-set-up-{number}.json");
        let text = std::fs::read_to_string(folder.join(&file)).unwrap();
        let text = text.replace("http://petstore-demo-endpoint.execute-api.com", &echo.url());
        let api = story::import(&admin, &serde_json::from_str(&text).unwrap()).await;
        story::deploy(&admin, &api, "prod", json!({})).await.ok();
        cluster.wait_current().await;
        let path = story::path(&api, "prod", "/validation");
        let get = |query: &str| Call::get(&format!("{url}{path}{query}"));
        let send = |header: Option<&'static str>, body: &'static str| {
            let call = Call::new(Method::POST, &format!("{url}{path}"))
                .header("content-type", "application/json")
                .body(body);
            match header {
                Some(value) => call.header("h1", value),
                None => call,
            }
        };
        let good = r#"{"name": "Marco", "type": "dog", "price": 260}"#;
        let before = echo.requests();
        for (call, message) in [
            (get(""), "Missing required request parameters: [q1]"),
            (get("?q1="), "Missing required request parameters: [q1]"),
            (get("?q2=cat"), "Missing required request parameters: [q1]"),
            (send(None, good), "Missing required request parameters: [h1]"),
            // Parameters come before the body.
            (send(None, "{"), "Missing required request parameters: [h1]"),
            (send(Some("v1"), r#"{"name": "Marco", "type": "dog"}"#), "Invalid request body"),
            (
                send(Some("v1"), r#"{"name": "Marco", "type": "dog", "price": 600}"#),
                "Invalid request body",
            ),
            (
                send(Some("v1"), r#"{"name": "Marco", "type": "cow", "price": 30}"#),
                "Invalid request body",
            ),
            (send(Some("v1"), "{"), "Invalid request body"),
        ] {
            let answer = call.send().await.unwrap();
            let found = (answer.status, answer.json());
            assert_eq!(found, (400, json!({"message": message})), "{file}");
        }
        assert_eq!(echo.requests(), before, "{file}: nothing reached the backend");
        for call in [get("?q1=cat"), send(Some("v1"), good)] {
            assert_eq!(call.send().await.unwrap().status, 200, "{file}");
        }
        assert_eq!(echo.requests(), before + 2, "{file}");
    }
}
