//! Documentation parts and versions, and the stages that show them.

use serde_json::{Value, json};

use crate::harness::{ACCOUNT, Admin, replace};

fn part(location: &Value) -> Value {
    json!({"location": location, "properties": "{\"description\": \"d\"}"})
}

#[tokio::test]
async fn parts() {
    let admin = Admin::start().await;
    let (api, root) = admin.api().await;
    admin.mock_at_root(&api, &root).await;
    let all = format!("/restapis/{api}/documentation/parts");
    let made = admin.send("POST", &all, part(&json!({"type": "API"}))).await.expect(201);
    let id = made["id"].as_str().unwrap();
    assert_eq!(made["location"], json!({"type": "API"}));
    let one = format!("{all}/{id}");
    let changed = admin.send("PATCH", &one, replace("/properties", "{\"a\":1}")).await.expect(200);
    assert_eq!(changed["properties"], "{\"a\":1}");
    assert_eq!(admin.get(&one).await.expect(200), changed);
    let twice = admin.send("POST", &all, part(&json!({"type": "API"}))).await;
    assert_eq!(
        twice.fault(),
        (
            409,
            "ConflictException",
            "Documentation part already exists for the specified location: type 'API'.".into()
        )
    );
    // An absent member is its default, and answered as such.
    let spelled = json!({"type": "RESPONSE", "path": "/", "method": "*", "statusCode": "200"});
    for (given, location) in [
        (
            json!({"type": "METHOD", "method": "GET"}),
            json!({"type": "METHOD", "path": "/", "method": "GET"}),
        ),
        (json!({"type": "RESPONSE", "statusCode": "200"}), spelled.clone()),
        (json!({"type": "MODEL", "name": "Empty"}), json!({"type": "MODEL", "name": "Empty"})),
    ] {
        let made = admin.send("POST", &all, part(&given)).await.expect(201);
        assert_eq!(made["location"], location);
        let id = made["id"].as_str().unwrap();
        assert_eq!(admin.get(&format!("{all}/{id}")).await.expect(200), made);
    }
    assert_eq!(admin.send("POST", &all, part(&spelled)).await.status, 409);
    for (query, count) in [
        ("", 4),
        ("?type=MODEL", 1),
        ("?name=Empty", 1),
        ("?path=/", 2),
        ("?locationStatus=DOCUMENTED&limit=500", 4),
        ("?type=RESOURCE", 0),
    ] {
        let list = admin.get(&format!("{all}{query}")).await.expect(200);
        assert_eq!(list["item"].as_array().unwrap().len(), count, "{query}");
    }
    let missing = admin.get(&format!("{all}?locationStatus=UNDOCUMENTED")).await.expect(200);
    let missing = missing["item"].as_array().unwrap();
    assert!(missing.contains(&json!({"location": {"type": "RESOURCE", "path": "/"}})));
    assert!(!missing.iter().any(|item| item["location"]["type"] == "METHOD"), "{missing:?}");
    let page = admin.get(&format!("{all}?limit=3")).await.expect(200);
    let next = format!("{all}?limit=3&position={}", page["position"].as_str().unwrap());
    assert_eq!(admin.get(&next).await.expect(200)["item"].as_array().unwrap().len(), 1);
    assert_eq!(admin.call("DELETE", &one, "").await.status, 202);
    let unknown = "Invalid Documentation part identifier specified".to_owned();
    let unknown = (404, "NotFoundException", unknown);
    assert_eq!(admin.get(&one).await.fault(), unknown);
    assert_eq!(admin.call("DELETE", &one, "").await.fault(), unknown);
    assert_eq!(admin.get("/restapis/nowhere/documentation/parts/x").await.fault(), unknown);
}

#[tokio::test]
async fn refusals_of_parts() {
    let admin = Admin::start().await;
    let (api, _) = admin.api().await;
    let all = format!("/restapis/{api}/documentation/parts");
    for (body, kind, message) in [
        (
            part(&json!({"type": "INVALID"})),
            "ValidationException",
            "1 validation error detected: Value 'INVALID' at \
             'createDocumentationPartInput.location.type' failed to satisfy constraint: Member \
             must satisfy enum value set: [RESPONSE_BODY, RESPONSE, METHOD, MODEL, AUTHORIZER, \
             RESPONSE_HEADER, RESOURCE, PATH_PARAMETER, REQUEST_BODY, QUERY_PARAMETER, API, \
             REQUEST_HEADER]",
        ),
        (
            part(&json!({"type": "RESPONSE", "statusCode": "x"})),
            "ValidationException",
            "regular expression pattern: ^([1-5]\\d\\d|\\*|\\s*)$",
        ),
        (json!({"properties": "{}"}), "ValidationException", "Value null at"),
        (json!({"location": {"type": "API"}}), "ValidationException", ".properties'"),
        (part(&json!("API")), "SerializationException", "Start of structure or map expected"),
        (
            part(&json!({"type": "RESOURCE", "method": "GET"})),
            "BadRequestException",
            "field 'method' is not valid for documentation part type 'RESOURCE'",
        ),
        (
            part(&json!({"type": "MODEL"})),
            "BadRequestException",
            "field 'name' is required for documentation part type 'MODEL'",
        ),
        (
            json!({"location": {"type": "API"}, "properties": ""}),
            "BadRequestException",
            "Documentation part properties must be non-empty",
        ),
        (
            json!({"location": {"type": "API"}, "properties": "[1]"}),
            "BadRequestException",
            "must be a JSON object",
        ),
    ] {
        let refused = admin.send("POST", &all, body.clone()).await;
        let (status, code, text) = refused.fault();
        assert_eq!((status, code), (400, kind), "{body}");
        assert!(text.contains(message), "{body}: {text}");
    }
    let nowhere =
        admin.send("POST", "/restapis/x/documentation/parts", part(&json!({"type": "API"})));
    let message = format!("Invalid API identifier specified {ACCOUNT}:x");
    assert_eq!(nowhere.await.fault(), (404, "NotFoundException", message));
    let wrong = admin.get(&format!("{all}?locationStatus=SOME")).await;
    assert_eq!(wrong.fault().1, "ValidationException");
}

#[tokio::test]
async fn parts_are_imported() {
    let admin = Admin::start().await;
    let (api, _) = admin.api().await;
    let all = format!("/restapis/{api}/documentation/parts");
    let document = |parts: Value| {
        json!({"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {},
               "x-amazon-apigateway-documentation": {"version": "1", "documentationParts": parts}})
    };
    let first = document(json!([
        {"location": {"type": "API"}, "properties": {"description": "old", "a": 1}},
        {"location": {"type": "MODEL", "name": "Pet"}, "properties": {"title": "Pet"}}]));
    let ids = admin.send("PUT", &all, first).await.expect(200);
    assert_eq!(ids["ids"].as_array().unwrap().len(), 2);
    assert!(ids.get("warnings").is_none());
    let second = document(json!([
        {"location": {"type": "API"}, "properties": {"description": "new"}},
        {"location": {"type": "RESOURCE", "method": "GET"}, "properties": {}}]));
    let strict = admin.send("PUT", &format!("{all}?failonwarnings=true"), second.clone()).await;
    let (status, _, text) = strict.fault();
    assert!(status == 400 && text.starts_with("Warnings found during import:"), "{text}");
    let merged = admin.send("PUT", &format!("{all}?mode=merge"), second.clone()).await.expect(200);
    assert_eq!(merged["ids"], json!([ids["ids"][0]]));
    assert_eq!(merged["warnings"].as_array().unwrap().len(), 1);
    let api_part = format!("{all}/{}", ids["ids"][0].as_str().unwrap());
    let api_part = admin.get(&api_part).await.expect(200);
    assert_eq!(api_part["properties"], "{\"description\":\"new\",\"a\":1}");
    // Overwriting makes new parts of them.
    let over = admin.send("PUT", &format!("{all}?mode=overwrite"), second).await.expect(200);
    assert_ne!(over["ids"], merged["ids"]);
    let list = admin.get(&all).await.expect(200);
    assert_eq!(list["item"].as_array().unwrap().len(), 1);
    assert_eq!(list["item"][0]["properties"], "{\"description\":\"new\"}");
    for bad in ["", "{", "a: [", "[]"] {
        let refused = admin.call("PUT", &all, bad.to_owned()).await;
        let message = "Unable to build importer with provided input.".to_owned();
        assert_eq!(refused.fault(), (400, "BadRequestException", message), "{bad}");
    }
    let mode = admin.send("PUT", &format!("{all}?mode=mix"), json!({})).await;
    assert_eq!(mode.fault().1, "ValidationException");
}

#[tokio::test]
async fn versions_and_the_stages_that_show_them() {
    let admin = Admin::start().await;
    let (api, root) = admin.api().await;
    admin.mock_at_root(&api, &root).await;
    let base = format!("/restapis/{api}");
    let deployments = format!("{base}/deployments");
    admin.send("POST", &deployments, json!({"stageName": "s"})).await.expect(201);
    let all = format!("{base}/documentation/versions");
    let (stage, parts) = (format!("{base}/stages/s"), format!("{base}/documentation/parts"));
    admin.send("POST", &parts, part(&json!({"type": "API"}))).await.expect(201);
    let new = json!({"documentationVersion": "1.0", "description": "first"});
    let made = admin.send("POST", &all, new.clone()).await.expect(201);
    assert_eq!((&made["version"], &made["description"]), (&json!("1.0"), &json!("first")));
    assert!(made["createdDate"].is_i64(), "{made}");
    assert_eq!(admin.send("POST", &all, new).await.fault().0, 409);
    let shown = json!({"documentationVersion": "2.0", "stageName": "s"});
    admin.send("POST", &all, shown).await.expect(201);
    assert_eq!(admin.get(&stage).await.expect(200)["documentationVersion"], "2.0");
    let changed = admin.send("PATCH", &format!("{all}/1.0"), replace("/description", "x")).await;
    assert_eq!(changed.expect(200)["description"], "x");
    let list = admin.get(&all).await.expect(200);
    let names: Vec<_> = list["item"].as_array().unwrap().iter().map(|v| &v["version"]).collect();
    assert_eq!(names, [&json!("1.0"), &json!("2.0")]);
    // A stage shows only what there is, and what it shows stays.
    let refused = admin.send("PATCH", &stage, replace("/documentationVersion", "9")).await;
    assert_eq!(refused.fault().0, 400);
    let conflict = admin.call("DELETE", &format!("{all}/2.0"), "").await;
    assert_eq!((conflict.fault().0, conflict.fault().1), (409, "ConflictException"));
    admin.send("PATCH", &stage, replace("/documentationVersion", "1.0")).await.expect(200);
    assert_eq!(admin.call("DELETE", &format!("{all}/2.0"), "").await.status, 202);
    let gone = admin.get(&format!("{all}/2.0")).await;
    let message = "Invalid Documentation version identifier specified".to_owned();
    assert_eq!(gone.fault(), (404, "NotFoundException", message));
    for (body, status) in [
        (json!({"documentationVersion": ""}), 400),
        (json!({}), 400),
        (json!({"documentationVersion": "3", "stageName": "none"}), 404),
    ] {
        let refused = admin.send("POST", &all, body.clone()).await;
        assert_eq!(refused.fault().0, status, "{body}");
    }
    // The refused one left nothing behind.
    assert_eq!(admin.get(&format!("{all}/3")).await.fault().0, 404);
    let deployment = admin.get(&stage).await.expect(200)["deploymentId"].clone();
    let new = json!({"stageName": "t", "deploymentId": deployment, "documentationVersion": "no"});
    assert_eq!(admin.send("POST", &format!("{base}/stages"), new).await.fault().0, 400);
}
