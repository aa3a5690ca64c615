//! API keys and usage plans on the wire.

use serde_json::{Value, json};

use crate::harness::{Admin, replace};

const VALUE: &str = "a-value-of-twenty-letters";

type Fault = (u16, &'static str, String);

fn fault(status: u16, error: &'static str, message: impl Into<String>) -> Fault {
    (status, error, message.into())
}

fn bad_request(message: impl Into<String>) -> Fault {
    fault(400, "BadRequestException", message)
}

fn not_found(message: impl Into<String>) -> Fault {
    fault(404, "NotFoundException", message)
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

impl Admin {
    async fn key(&self, body: Value) -> Value {
        self.send("POST", "/apikeys", body).await.expect(201)
    }

    async fn plan(&self, body: Value) -> Value {
        self.send("POST", "/usageplans", body).await.expect(201)
    }

    /// An API with a stage `prod`.
    async fn deployed(&self) -> String {
        let (api, root) = self.api().await;
        self.mock_at_root(&api, &root).await;
        let deployments = format!("/restapis/{api}/deployments");
        self.send("POST", &deployments, json!({"stageName": "prod"})).await.expect(201);
        api
    }
}

fn patch(operations: &[(&str, &str, Option<&str>)]) -> Value {
    let operation = |(op, path, value): &(&str, &str, Option<&str>)| json!({"op": op, "path": path, "value": value});
    json!({"patchOperations": operations.iter().map(operation).collect::<Vec<_>>()})
}

#[tokio::test]
async fn an_api_key() {
    let admin = Admin::start().await;
    let made = admin.key(json!({"name": "n", "tags": {"a": "b"}})).await;
    let members: Vec<&str> = made.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        members,
        ["id", "value", "name", "enabled", "createdDate", "lastUpdatedDate", "stageKeys", "tags",]
    );
    assert_eq!((&made["enabled"], &made["stageKeys"]), (&json!(false), &json!([])));
    assert_eq!(text(&made, "value").len(), 40);
    let path = format!("/apikeys/{}", text(&made, "id"));

    let plain = admin.get(&path).await.expect(200);
    assert!(plain.get("value").is_none());
    for query in ["includeValue=true", "includeValue=TRUE"] {
        let shown = admin.get(&format!("{path}?{query}")).await.expect(200);
        assert_eq!(shown["value"], made["value"]);
    }
    let operations = patch(&[
        ("replace", "/enabled", Some("true")),
        ("replace", "/name", Some("m")),
        ("replace", "/description", Some("d")),
        ("replace", "/customerId", Some("c")),
        ("add", "/labels", Some("l")),
    ]);
    let patched = admin.send("PATCH", &path, operations).await.expect(200);
    assert_eq!(patched["enabled"], true);
    assert_eq!((&patched["name"], &patched["customerId"]), (&json!("m"), &json!("c")));
    // All or nothing.
    let half = patch(&[("replace", "/name", Some("x")), ("replace", "/value", Some("y"))]);
    assert_eq!(admin.send("PATCH", &path, half).await.fault().0, 400);
    assert_eq!(admin.get(&path).await.expect(200)["name"], "m");

    for (query, found) in [
        ("name=m", 1),
        ("name=x", 0),
        ("customerId=c", 1),
        ("customerId=x", 0),
        ("", 1),
        ("limit=0", 1),
    ] {
        let list = admin.get(&format!("/apikeys?{query}")).await.expect(200);
        assert_eq!(list["item"].as_array().unwrap().len(), found, "{query}");
        assert!(list["item"].as_array().unwrap().iter().all(|key| key.get("value").is_none()));
    }
    let list = admin.get("/apikeys?includeValues=true").await.expect(200);
    assert_eq!(list["item"][0]["value"], made["value"]);

    assert_eq!(admin.call("DELETE", &path, "").await.status, 202);
    for method in ["GET", "DELETE"] {
        let gone = admin.call(method, &path, "").await;
        assert_eq!(gone.fault(), not_found("Invalid API Key identifier specified"));
    }
}

#[tokio::test]
async fn refused_keys() {
    let admin = Admin::start().await;
    admin.key(json!({"value": VALUE})).await;
    let api = admin.deployed().await;
    let taken = fault(409, "ConflictException", "API Key already exists");
    let serialization = |wanted: &str| {
        let message = format!("class java.lang.Boolean can not be converted to an {wanted}");
        fault(400, "SerializationException", message)
    };
    for (body, expected) in [
        (json!({"value": VALUE}), taken),
        (json!({"name": true}), serialization("String")),
        (json!({"value": "short"}), bad_request("API Key value should be at least 20 characters")),
        (
            json!({"value": "x".repeat(129)}),
            bad_request("API Key value exceeds maximum size of 128 characters"),
        ),
        (
            json!({"name": "x".repeat(1025)}),
            bad_request("Invalid API Key name, can be at most 1024 characters."),
        ),
        (
            json!({"description": "x".repeat(125_001)}),
            bad_request("Invalid API Key description specified."),
        ),
        (
            json!({"stageKeys": [{"restApiId": api, "stageName": "none"}]}),
            not_found("Invalid stage identifier specified"),
        ),
        (
            json!({"tags": {"aws:x": "y"}}),
            bad_request("Invalid tag key. Tag keys cannot start with 'aws:' (case insensitive)"),
        ),
    ] {
        let refused = admin.send("POST", "/apikeys", body.clone()).await;
        let (status, error, message) = refused.fault();
        assert_eq!((status, error, message.as_str()), {
            (expected.0, expected.1, expected.2.as_str())
        });
    }
    let listed = admin.get("/apikeys").await.expect(200);
    assert_eq!(listed["item"].as_array().unwrap().len(), 1);

    let stage_key = json!([{"restApiId": api, "stageName": "prod"}]);
    let made = admin.key(json!({"stageKeys": stage_key})).await;
    assert_eq!(made["stageKeys"], json!([format!("{api}/prod")]));
    let path = format!("/apikeys/{}", text(&made, "id"));
    let none = patch(&[("add", "/stages", Some("none/prod"))]);
    let refused = admin.send("PATCH", &path, none).await;
    assert_eq!((refused.fault().0, refused.fault().1), (404, "NotFoundException"));
    let removed = patch(&[("remove", "/stages", Some(&format!("{api}/prod")))]);
    let removed = admin.send("PATCH", &path, removed).await.expect(200);
    assert_eq!(removed["stageKeys"], json!([]));
}

#[tokio::test]
async fn a_usage_plan() {
    let admin = Admin::start().await;
    let api = admin.deployed().await;
    let bare = admin.plan(json!({"name": "bare"})).await;
    assert_eq!(bare, json!({"id": bare["id"], "name": "bare", "apiStages": []}));
    let made = admin
        .plan(json!({
            "name": "p", "description": "d", "tags": {"a": "b"},
            "apiStages": [{"apiId": api, "stage": "prod"}],
            "throttle": {"burstLimit": 5, "rateLimit": 2.5},
            "quota": {"limit": 100, "period": "MONTH"},
        }))
        .await;
    assert_eq!(made["quota"], json!({"limit": 100, "offset": 0, "period": "MONTH"}));
    assert_eq!(made["throttle"], json!({"burstLimit": 5, "rateLimit": 2.5}));
    assert_eq!(made["apiStages"], json!([{"apiId": api, "stage": "prod"}]));
    let id = text(&made, "id");
    let path = format!("/usageplans/{id}");
    assert_eq!(admin.get(&path).await.expect(200), made);

    let rate = format!("/apiStages/{api}:prod/throttle/~1pets/GET/rateLimit");
    let operations = patch(&[
        ("replace", &rate, Some("7.5")),
        ("remove", "/quota", None),
        ("replace", "/productCode", Some("c")),
    ]);
    let patched = admin.send("PATCH", &path, operations).await.expect(200);
    let throttle = json!({"/pets/GET": {"burstLimit": 0, "rateLimit": 7.5}});
    assert_eq!(patched["apiStages"][0]["throttle"], throttle);
    assert!(patched.get("quota").is_none());
    assert_eq!(admin.get(&path).await.expect(200), patched);

    let refused = admin.call("DELETE", &path, "").await;
    assert_eq!(refused.fault(), {
        bad_request(format!(
            "Cannot delete Usage Plan {id} because there are API Stages associated with it, \
             including {api}:prod"
        ))
    });
    let operations = patch(&[("remove", "/apiStages", Some(&format!("{api}:prod")))]);
    admin.send("PATCH", &path, operations).await.expect(200);
    assert_eq!(admin.call("DELETE", &path, "").await.status, 202);
    for method in ["GET", "DELETE"] {
        let gone = admin.call(method, &path, "").await;
        assert_eq!(gone.fault(), not_found("Invalid Usage Plan ID specified"));
    }
    let listed = admin.get("/usageplans").await.expect(200);
    assert_eq!(listed["item"], json!([bare]));
}

#[tokio::test]
async fn refused_plans() {
    let admin = Admin::start().await;
    let api = admin.deployed().await;
    let validation = |message: &str| fault(400, "ValidationException", message);
    for (body, expected) in [
        (
            json!({}),
            validation(
                "1 validation error detected: Value null at 'createUsagePlanInput.name' failed to \
                 satisfy constraint: Member must not be null",
            ),
        ),
        (json!({"name": ""}), bad_request("Usage Plan name must be non-empty")),
        (
            json!({"name": "p", "quota": {"limit": 1, "period": "DAY", "offset": 1}}),
            bad_request("Usage Plan quota offset must be zero in the DAY period"),
        ),
        (
            json!({"name": "p", "quota": {"limit": 0, "period": "DAY"}}),
            bad_request("Usage Plan quota limit must be greater than zero"),
        ),
        (
            json!({"name": "p", "throttle": {"burstLimit": -1, "rateLimit": 1}}),
            bad_request("Usage Plan throttle burst limit must not be negative"),
        ),
        (
            json!({"name": "p", "apiStages": [{"apiId": api}]}),
            bad_request("Invalid API Stage specified"),
        ),
    ] {
        let refused = admin.send("POST", "/usageplans", body.clone()).await;
        let (status, error, message) = refused.fault();
        assert_eq!((status, error, message), expected, "{body}");
    }
    for (of, stage) in [(api.as_str(), "none"), ("none", "prod")] {
        let body = json!({"name": "p", "apiStages": [{"apiId": of, "stage": stage}]});
        let refused = admin.send("POST", "/usageplans", body).await;
        let (status, error, message) = refused.fault();
        assert_eq!((status, error), (404, "NotFoundException"));
        let start =
            format!("Invalid API Stage {{api: {of}, stage: {stage}}} specified for usageplan ");
        assert!(message.starts_with(&start), "{message}");
    }
    assert_eq!(admin.get("/usageplans").await.expect(200)["item"], json!([]));
}

#[tokio::test]
async fn keys_of_plans() {
    let admin = Admin::start().await;
    let api = admin.deployed().await;
    let stages = json!([{"apiId": api, "stage": "prod"}]);
    let plan = text(&admin.plan(json!({"name": "p", "apiStages": stages})).await, "id");
    let other = text(&admin.plan(json!({"name": "q", "apiStages": stages})).await, "id");
    let key = text(&admin.key(json!({"name": "n", "value": VALUE})).await, "id");
    let keys = format!("/usageplans/{plan}/keys");
    let body = json!({"keyId": key, "keyType": "API_KEY"});
    let made = admin.send("POST", &keys, body.clone()).await.expect(201);
    assert_eq!(made, json!({"id": key, "type": "API_KEY", "value": VALUE, "name": "n"}));
    let path = format!("{keys}/{key}");
    assert_eq!(admin.get(&path).await.expect(200), made);
    assert_eq!(admin.get(&keys).await.expect(200), json!({"item": [made]}));
    for (query, found) in [("name=n", 1), ("name=m", 0), ("limit=100000", 1), ("limit=-1", 1)] {
        let list = admin.get(&format!("{keys}?{query}")).await.expect(200);
        assert_eq!(list["item"].as_array().unwrap().len(), found, "{query}");
    }
    let plans = admin.get(&format!("/usageplans?keyId={key}")).await.expect(200);
    assert_eq!(plans["item"].as_array().unwrap().len(), 1);

    let conflict = |message: String| fault(409, "ConflictException", message);
    let again = admin.send("POST", &keys, body.clone()).await;
    let text = format!("Usage Plan {plan} already has API Key {key}");
    assert_eq!(again.fault(), conflict(text));
    let twice = admin.send("POST", &format!("/usageplans/{other}/keys"), body.clone()).await;
    assert_eq!(twice.fault(), {
        conflict(format!(
            "API Key {key} cannot reference multiple usage plans with the same API stage: {api}:prod"
        ))
    });
    let no_plan = not_found("Invalid Usage Plan ID specified");
    let no_key = not_found("Invalid API Key identifier specified");
    for (method, path, body, expected) in [
        ("POST", "/usageplans/none/keys".to_owned(), body.to_string(), &no_plan),
        ("GET", format!("/usageplans/none/keys/{key}"), String::new(), &no_plan),
        ("GET", format!("{keys}/none"), String::new(), &no_key),
        ("GET", format!("/usageplans/{other}/keys/{key}"), String::new(), &no_key),
        ("DELETE", format!("/usageplans/{other}/keys/{key}"), String::new(), &no_key),
        ("DELETE", format!("/usageplans/none/keys/{key}"), String::new(), &no_plan),
        ("POST", keys.clone(), json!({"keyId": "none", "keyType": "API_KEY"}).to_string(), &no_key),
        (
            "POST",
            keys.clone(),
            json!({"keyId": key, "keyType": "X"}).to_string(),
            &bad_request("Invalid key type specified: X. Must be one of: [API_KEY]"),
        ),
    ] {
        assert_eq!(&admin.call(method, &path, body).await.fault(), expected, "{method} {path}");
    }
    assert_eq!(admin.call("DELETE", &path, "").await.status, 202);
    assert_eq!(admin.get(&keys).await.expect(200), json!({"item": []}));
    let none = admin.get("/usageplans/none/keys").await.expect(200);
    assert_eq!(none, json!({"item": []}), "as AWS answers");
    // It may be in the other one now.
    admin.send("POST", &format!("/usageplans/{other}/keys"), body).await.expect(201);
}

#[tokio::test]
async fn a_file_of_keys() {
    let admin = Admin::start().await;
    let plan = text(&admin.plan(json!({"name": "p"})).await, "id");
    let target = "/apikeys?mode=import&format=csv";
    let file = format!(
        "Name,key,description,Enabled,usageplanIds\n\
         one,{VALUE},first,TRUE,{plan}\n\
         two,another-value-of-twenty,,false,\"{plan},none\"\n\
         three,short,,,\n"
    );
    let warnings = json!([
        "Line 3: Invalid Usage Plan ID specified: none",
        "Line 4: API Key value should be at least 20 characters",
    ]);
    let strict = admin.call("POST", &format!("{target}&failonwarnings=true"), file.clone()).await;
    let text = format!(
        "Warnings found during import: {}; {}",
        warnings[0].as_str().unwrap(),
        warnings[1].as_str().unwrap()
    );
    assert_eq!(strict.fault(), bad_request(text));
    assert_eq!(admin.get("/apikeys").await.expect(200)["item"], json!([]));

    let done = admin.call("POST", target, file.clone()).await.expect(201);
    assert_eq!((done["ids"].as_array().unwrap().len(), &done["warnings"]), (2, &warnings));
    let first = format!("/apikeys/{}?includeValue=true", done["ids"][0].as_str().unwrap());
    let first = admin.get(&first).await.expect(200);
    assert_eq!((&first["value"], &first["description"]), (&json!(VALUE), &json!("first")));
    assert_eq!(first["enabled"], true);
    let keys = admin.get(&format!("/usageplans/{plan}/keys")).await.expect(200);
    assert_eq!(keys["item"].as_array().unwrap().len(), 2);
    let again = admin.call("POST", target, file).await.expect(201);
    assert_eq!(again["ids"], done["ids"]);

    let validation = |message: &str| fault(400, "ValidationException", message);
    for (target, file, expected) in [
        (
            "/apikeys?mode=import",
            "name,key",
            validation(
                "1 validation error detected: Value null at 'importApiKeysInput.format' failed to \
                 satisfy constraint: Member must not be null",
            ),
        ),
        (
            "/apikeys?mode=import&format=json",
            "{}",
            validation(
                "1 validation error detected: Value 'json' at 'importApiKeysInput.format' failed \
                 to satisfy constraint: Member must satisfy enum value set: [csv]",
            ),
        ),
        (
            target,
            "name\nx",
            bad_request("Invalid API Key file: the columns Name and Key are required"),
        ),
        (target, "", bad_request("Invalid API Key file: it is empty")),
    ] {
        assert_eq!(admin.call("POST", target, file).await.fault(), expected, "{target} {file}");
    }
}

#[tokio::test]
async fn patches_without_effect_are_answered() {
    let admin = Admin::start().await;
    let key = text(&admin.key(json!({"name": "n"})).await, "id");
    let plan = text(&admin.plan(json!({"name": "p"})).await, "id");
    for path in [format!("/apikeys/{key}"), format!("/usageplans/{plan}")] {
        let before = admin.get(&path).await.expect(200);
        let after = admin.send("PATCH", &path, json!({"patchOperations": []})).await.expect(200);
        assert_eq!(after["name"], before["name"]);
        let renamed = admin.send("PATCH", &path, replace("/name", "m")).await.expect(200);
        assert_eq!(renamed["name"], "m");
    }
    let none = admin.send("PATCH", "/apikeys/none", replace("/name", "m")).await;
    assert_eq!(none.fault(), not_found("Invalid API Key identifier specified"));
    let none = admin.send("PATCH", "/usageplans/none", replace("/name", "m")).await;
    assert_eq!(none.fault(), not_found("Invalid Usage Plan ID specified"));
}
