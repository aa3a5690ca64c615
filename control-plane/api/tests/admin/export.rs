//! Documents in and out: `ImportRestApi`, `PutRestApi`, `GetExport`.

use serde_json::{Value, json};

use crate::harness::{ACCOUNT, Admin, replace};

const DOCUMENT: &str = r#"
openapi: 3.0.1
info: {title: Pets, version: '3'}
x-amazon-apigateway-binary-media-types: [image/png]
x-amazon-apigateway-policy:
  Statement: [{Effect: Allow, Principal: '*', Action: execute-api:Invoke, Resource: 'execute-api:/*'}]
x-amazon-apigateway-request-validators: {all: {validateRequestBody: true}}
x-amazon-apigateway-gateway-responses: {THROTTLED: {statusCode: 429}}
paths:
  /pets/{id}:
    get:
      summary: Reads a pet
      operationId: getPet
      x-amazon-apigateway-request-validator: all
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        '200': {content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
      security: [{function: []}]
      x-amazon-apigateway-integration:
        type: http
        httpMethod: GET
        uri: http://backend.test/{id}
        requestParameters: {integration.request.path.id: method.request.path.id}
        responses: {default: {statusCode: '200'}}
components:
  securitySchemes:
    function:
      type: apiKey
      name: Authorization
      in: header
      x-amazon-apigateway-authorizer:
        type: token
        authorizerUri: arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations
  schemas:
    Pet: {type: object, properties: {name: {type: string}, friend: {$ref: '#/components/schemas/Pet'}}}
"#;

/// Imports, and deploys to a stage; the API's id.
async fn deployed(admin: &Admin, document: &str) -> String {
    let made = admin.call("POST", "/restapis?mode=import", document.to_owned()).await.expect(201);
    let id = made["id"].as_str().unwrap().to_owned();
    let stage = json!({"stageName": "prod"});
    admin.send("POST", &format!("/restapis/{id}/deployments"), stage).await.expect(201);
    id
}

async fn exported(admin: &Admin, api: &str, kind: &str, query: &str) -> Value {
    admin.get(&format!("/restapis/{api}/stages/prod/exports/{kind}?{query}")).await.expect(200)
}

#[tokio::test]
async fn a_stage_is_exported_as_it_was_deployed() {
    let admin = Admin::start().await;
    let api = deployed(&admin, DOCUMENT).await;
    let answer = admin
        .get(&format!("/restapis/{api}/stages/prod/exports/oas30?extensions=apigateway"))
        .await;
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"oas30_3.json\"");
    let document = answer.expect(200);
    assert_eq!(document["openapi"], "3.0.1");
    assert_eq!(document["info"], json!({"title": "Pets", "version": "3"}));
    let url = format!("http://{api}.execute-api.localhost:8080/{{basePath}}");
    assert_eq!(document["servers"][0]["url"], url);
    assert_eq!(document["servers"][0]["variables"]["basePath"]["default"], "prod");
    let get = &document["paths"]["/pets/{id}"]["get"];
    assert_eq!(get["x-amazon-apigateway-integration"]["uri"], "http://backend.test/{id}");
    assert_eq!(get["security"], json!([{"function": []}]));
    let resource = &document["x-amazon-apigateway-policy"]["Statement"][0]["Resource"];
    assert_eq!(*resource, format!("arn:aws:execute-api:us-east-1:{ACCOUNT}:{api}/*"));

    // What is not deployed is not exported.
    let renamed = replace("/name", "Renamed");
    admin.send("PATCH", &format!("/restapis/{api}"), renamed).await.expect(200);
    assert_eq!(exported(&admin, &api, "oas30", "").await["info"]["title"], "Pets");
    let plain = exported(&admin, &api, "swagger", "").await;
    assert!(!plain.to_string().contains("x-amazon"), "{plain}");
    assert_eq!(plain["host"], format!("{api}.execute-api.localhost:8080"));
    assert_eq!((&plain["basePath"], &plain["schemes"]), (&json!("/prod"), &json!(["http"])));
    for query in
        ["extensions=integrations,authorizers", "extensions=integrations&extensions=authorizers"]
    {
        let some = exported(&admin, &api, "swagger", query).await.to_string();
        assert!(some.contains("x-amazon-apigateway-authorizer"), "{query}: {some}");
        assert!(some.contains("x-amazon-apigateway-integration"), "{query}: {some}");
        assert!(!some.contains("x-amazon-apigateway-gateway-responses"), "{query}: {some}");
    }
}

/// A new API has the models Empty and Error; exports have those in use.
#[tokio::test]
async fn models_that_every_api_has_are_exported_where_they_are_used() {
    let admin = Admin::start().await;
    let made = admin.send("POST", "/restapis", json!({"name": "new"})).await.expect(201);
    let (api, root) = (made["id"].as_str().unwrap(), made["rootResourceId"].as_str().unwrap());
    let method = format!("/restapis/{api}/resources/{root}/methods/GET");
    admin.send("PUT", &method, json!({"authorizationType": "NONE"})).await.expect(201);
    let integration = format!("{method}/integration");
    admin.send("PUT", &integration, json!({"type": "MOCK"})).await.expect(201);
    let mine = json!({"name": "Mine", "contentType": "application/json", "schema": "{}"});
    admin.send("POST", &format!("/restapis/{api}/models"), mine).await.expect(201);
    for (status, model, expected) in
        [("200", "Empty", &["Empty", "Mine"][..]), ("500", "Error", &["Empty", "Error", "Mine"])]
    {
        let models = json!({"responseModels": {"application/json": model}});
        admin.send("PUT", &format!("{method}/responses/{status}"), models).await.expect(201);
        let stage = json!({"stageName": "prod"});
        admin.send("POST", &format!("/restapis/{api}/deployments"), stage).await.expect(201);
        let document = exported(&admin, api, "oas30", "").await;
        let schemas = document["components"]["schemas"].as_object().unwrap();
        assert_eq!(schemas.keys().collect::<Vec<_>>(), expected, "{status}");
    }
}

#[tokio::test]
async fn an_export_is_json_or_yaml() {
    let admin = Admin::start().await;
    let api = deployed(&admin, DOCUMENT).await;
    let target = format!("/restapis/{api}/stages/prod/exports/swagger");
    for (accept, ending, start) in [
        (None, ".json\"", "{"),
        (Some("application/json"), ".json\"", "{"),
        (Some("*/*"), ".json\"", "{"),
        (Some("application/yaml"), ".yaml\"", "swagger: "),
    ] {
        let answer = admin.accepting(&target, accept).await;
        assert_eq!(answer.status, 200, "{accept:?}");
        // A file to be saved, as AWS's recorded answers have it.
        assert_eq!(answer.header("content-type"), "application/octet-stream", "{accept:?}");
        assert!(answer.header("content-disposition").ends_with(ending), "{accept:?}");
        let text = String::from_utf8(answer.bytes.to_vec()).unwrap();
        assert!(text.starts_with(start), "{accept:?}: {text}");
        // Raw, without the links of HAL.
        assert!(!text.contains("_links"), "{accept:?}: {text}");
    }
    let refused = admin.accepting(&target, Some("text/html")).await;
    assert_eq!(refused.fault().0, 400);
}

#[tokio::test]
async fn what_cannot_be_exported() {
    let admin = Admin::start().await;
    let api = deployed(&admin, DOCUMENT).await;
    let base = format!("/restapis/{api}/stages");
    for (target, status, part) in [
        (format!("{base}/none/exports/oas30"), 404, "Invalid stage identifier specified"),
        ("/restapis/none/stages/prod/exports/oas30".to_owned(), 404, "Invalid API identifier"),
        (format!("{base}/prod/exports/raml"), 400, "Invalid export type specified: raml."),
        (format!("{base}/prod/exports/oas30?extensions=x"), 400, "Invalid extension specified: x"),
    ] {
        let (found, _, message) = admin.get(&target).await.fault();
        assert!(
            found == status && message.to_lowercase().contains(&part.to_lowercase()),
            "{target}: {message}"
        );
    }
}

#[tokio::test]
async fn what_was_exported_imports_as_an_equal_api() {
    let admin = Admin::start().await;
    let first = deployed(&admin, DOCUMENT).await;
    for kind in ["oas30", "swagger"] {
        for accept in ["application/json", "application/yaml"] {
            let target =
                format!("/restapis/{first}/stages/prod/exports/{kind}?extensions=apigateway");
            let text = admin.accepting(&target, Some(accept)).await;
            let text = String::from_utf8(text.bytes.to_vec()).unwrap();
            let second = deployed(&admin, &text).await;
            let query = "extensions=apigateway";
            let one = exported(&admin, &first, kind, query).await;
            let two = exported(&admin, &second, kind, query).await.to_string();
            // The policy names the API that it came from, as at AWS; the host its own.
            assert_eq!(two.replace(&second, &first), one.to_string(), "{kind} {accept}");
        }
    }
}

#[tokio::test]
async fn documentation_comes_with_the_document_unless_ignored() {
    let admin = Admin::start().await;
    let parts = async |api: &str| {
        let parts = admin.get(&format!("/restapis/{api}/documentation/parts")).await.expect(200);
        parts["item"].as_array().unwrap().clone()
    };
    let api = deployed(&admin, DOCUMENT).await;
    let said = parts(&api).await;
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(
        said[0]["location"],
        json!({"type": "METHOD", "path": "/pets/{id}", "method": "GET"})
    );
    assert_eq!(said[0]["properties"], r#"{"summary":"Reads a pet"}"#);

    // A stage shows a snapshot, and so does its export.
    let version = json!({"documentationVersion": "1", "stageName": "prod"});
    let versions = format!("/restapis/{api}/documentation/versions");
    admin.send("POST", &versions, version).await.expect(201);
    let document = exported(&admin, &api, "oas30", "extensions=apigateway,documentation").await;
    assert_eq!(document["paths"]["/pets/{id}"]["get"]["summary"], "Reads a pet");
    let extension = &document["x-amazon-apigateway-documentation"];
    assert_eq!(extension["version"], "1");
    assert_eq!(extension["documentationParts"].as_array().unwrap().len(), 1);
    let bare = exported(&admin, &api, "oas30", "extensions=apigateway").await;
    assert_eq!(bare["paths"]["/pets/{id}"]["get"].get("summary"), None);
    let plain = exported(&admin, &api, "oas30", "").await;
    assert_eq!(plain["paths"]["/pets/{id}"]["get"]["summary"], "Reads a pet");
    assert_eq!(plain.get("x-amazon-apigateway-documentation"), None);

    let text = document.to_string().replace("Reads a pet", "Tells of a pet");
    let put = async |query: &str, text: &str| {
        let target = format!("/restapis/{api}?{query}");
        admin.call("PUT", &target, text.to_owned()).await.expect(200);
    };
    put("mode=overwrite&ignore=documentation", &text).await;
    assert_eq!(parts(&api).await, said, "ignored");
    put("mode=merge", &text).await;
    let merged = parts(&api).await;
    assert_eq!(merged[0]["id"], said[0]["id"]);
    assert_eq!(merged[0]["properties"], r#"{"summary":"Tells of a pet"}"#);
    let silent = r#"{"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {}}"#;
    put("mode=merge", silent).await;
    assert_eq!(parts(&api).await, merged, "merging adds");
    put("mode=overwrite", silent).await;
    assert_eq!(parts(&api).await.len(), 0, "overwriting deletes");
}

#[tokio::test]
async fn an_import_that_warns_can_be_refused() {
    let admin = Admin::start().await;
    let document = r#"{"openapi": "3.0.1", "info": {"title": "t", "version": "1"},
        "servers": [{"url": "http://a"}, {"url": "http://b"}], "paths": {}}"#;
    let warning = "More than one server provided. Ignoring all but the first for defining \
                   endpoint configuration";
    let made = admin.call("POST", "/restapis?mode=import", document).await.expect(201);
    assert_eq!(made["warnings"], json!([warning]));
    let id = made["id"].as_str().unwrap();
    for (method, target) in [
        ("POST", "/restapis?mode=import&failonwarnings=true".to_owned()),
        ("PUT", format!("/restapis/{id}?failonwarnings=true")),
    ] {
        let refused = admin.call(method, &target, document).await;
        let message = format!("Warnings found during import:\n\t{warning}");
        assert_eq!(refused.fault(), (400, "BadRequestException", message));
    }
    let all = admin.get("/restapis").await.expect(200);
    assert_eq!(all["item"].as_array().unwrap().len(), 1);
}
