//! Create, patch and delete; the bodies of refusals.

use serde_json::{Value, json};

use crate::harness::{ACCOUNT, Admin, replace};

fn bad_request(message: &str) -> (u16, &'static str, String) {
    (400, "BadRequestException", message.to_owned())
}

#[tokio::test]
async fn a_rest_api() {
    let admin = Admin::start().await;
    let made = admin.send("POST", "/restapis", json!({"name": "n"})).await.expect(201);
    let id = made["id"].as_str().unwrap();
    assert!(made.get("tags").is_none());
    assert_eq!(made["endpointConfiguration"], json!({"types": ["EDGE"], "ipAddressType": "ipv4"}));
    // Trailing slashes and encoded ids mean the same.
    let path = format!("/restapis/{id}");
    let encoded = format!("/restapis/%{:02x}{}", id.as_bytes()[0], &id[1..]);
    for target in [path.clone(), format!("{path}/"), format!("{path}//"), encoded] {
        let got = admin.get(&target).await.expect(200);
        assert_eq!((got["id"].as_str(), &got["tags"]), (Some(id), &json!({})), "{target}");
    }
    assert_eq!(admin.call("HEAD", &path, "").await.status, 200);
    let head = admin.call("HEAD", "/restapis/none", "").await;
    assert_eq!((head.status.as_u16(), head.bytes.len()), (404, 0));
    let renamed = admin.send("PATCH", &path, replace("/name", "m")).await.expect(200);
    assert_eq!(renamed["name"], "m");
    assert_eq!(admin.call("DELETE", &path, "").await.status, 202);
    let gone = format!("Invalid API identifier specified {ACCOUNT}:{id}");
    for method in ["GET", "DELETE"] {
        assert_eq!(
            admin.call(method, &path, "").await.fault(),
            (404, "NotFoundException", gone.clone())
        );
    }
}

#[tokio::test]
async fn short_resources_of_policies_are_kept_whole() {
    let admin = Admin::start().await;
    let policy = |resource: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":["{resource}"]}}]}}"#
        )
    };
    let body = json!({"name": "n", "policy": policy("execute-api:/*")});
    let made = admin.send("POST", "/restapis", body).await.expect(201);
    let id = made["id"].as_str().unwrap();
    let arn = format!("arn:aws:execute-api:us-east-1:{ACCOUNT}:{id}");
    // The text is answered with escapes of its own.
    let shown = |policy: String| policy.replace('"', "\\\"").replace('/', "\\/");
    assert_eq!(made["policy"], shown(policy(&format!("{arn}/*"))));
    let base = format!("/restapis/{id}");
    let other = replace("/policy", &policy("execute-api:/prod/GET/pets"));
    admin.send("PATCH", &base, other).await.expect(200);
    let now = admin.get(&base).await.expect(200);
    assert_eq!(now["policy"], shown(policy(&format!("{arn}/prod/GET/pets"))));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let admin = Admin::start().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(admin.api().await.0);
    }
    made.sort();
    let (mut seen, mut position) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("/restapis?limit=2&position={position}")).await.expect(200);
        let items = page["item"].as_array().unwrap().clone();
        seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match page["position"].as_str() {
            Some(next) => next.clone_into(&mut position),
            None => break,
        }
    }
    assert_eq!(seen, made);
    let bad = admin.get("/restapis?limit=x").await;
    assert_eq!(bad.fault(), bad_request("Invalid limit specified: x"));
}

/// Verb, path, body; status, exception and message.
type Refusal = (&'static str, String, Value, (u16, &'static str, String));

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn refusals_have_the_shape_of_aws() {
    let admin = Admin::start().await;
    let (api, root) = admin.api().await;
    let base = format!("/restapis/{api}");
    let method = format!("{base}/resources/{root}/methods/GET");
    let cases: Vec<Refusal> = vec![
        (
            "POST",
            "/restapis".into(),
            json!({"name": true}),
            (
                400,
                "SerializationException",
                "class java.lang.Boolean can not be converted to an String".into(),
            ),
        ),
        (
            "PATCH",
            base.clone(),
            json!({"patchOperations": [{"op": "drop", "path": "/name"}]}),
            (
                400,
                "ValidationException",
                "1 validation error detected: Value 'drop' at \
                 'updateRestApiInput.patchOperations.1.member.op' failed to satisfy constraint: \
                 Member must satisfy enum value set: [add, remove, move, test, replace, copy]"
                    .into(),
            ),
        ),
        (
            "PATCH",
            base.clone(),
            json!({"patchOperations": [{"op": "remove", "path": "/binaryMediaTypes/a~1b"}]}),
            (404, "NotFoundException", "Content-Type specified was not found".into()),
        ),
        (
            "PATCH",
            format!("{base}/resources/{root}"),
            replace("/pathPart", "x"),
            bad_request("Root resource cannot update its pathPart."),
        ),
        (
            "PUT",
            method.replace("GET", "WHAT"),
            json!({"authorizationType": "NONE"}),
            bad_request(
                "Invalid HttpMethod specified. Valid options are \
                 GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY",
            ),
        ),
        (
            "PUT",
            method.clone(),
            json!({"authorizationType": "CUSTOM"}),
            bad_request(
                "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or \
                 COGNITO_USER_POOLS requires a valid authorizer.",
            ),
        ),
        (
            "PUT",
            method.clone(),
            json!({"authorizationType": "NONE", "requestModels": {"application/json": "No"}}),
            bad_request("Invalid model identifier specified: No"),
        ),
        (
            "GET",
            method.clone(),
            json!({}),
            (404, "NotFoundException", "Invalid Method identifier specified".into()),
        ),
        (
            "GET",
            format!("{base}/resources/none"),
            json!({}),
            (404, "NotFoundException", "Invalid Resource identifier specified".into()),
        ),
        (
            "GET",
            format!("{base}/models/No"),
            json!({}),
            (404, "NotFoundException", "Invalid model name specified: No".into()),
        ),
        (
            "POST",
            format!("{base}/models"),
            json!({"name": "Empty", "contentType": "application/json", "schema": "{}"}),
            (409, "ConflictException", "Model name already exists for this REST API".into()),
        ),
        (
            "POST",
            format!("{base}/stages"),
            json!({"stageName": "s", "deploymentId": "zzzzzz"}),
            bad_request("Deployment id does not exist"),
        ),
        (
            "POST",
            format!("{base}/deployments"),
            json!({"stageName": "s", "canarySettings": {}}),
            bad_request(
                "Invalid deployment content specified.Stage s must already be created before \
                 making a canary release deployment",
            ),
        ),
        (
            "PUT",
            format!("{base}?mode=replace"),
            json!({}),
            (
                400,
                "ValidationException",
                "1 validation error detected: Value 'replace' at 'putRestApiInput.mode' failed \
                 to satisfy constraint: Member must satisfy enum value set: [overwrite, merge]"
                    .into(),
            ),
        ),
    ];
    for (verb, path, body, expected) in cases {
        let answer = admin.send(verb, &path, body).await;
        assert_eq!(answer.fault(), expected, "{verb} {path}");
        assert_eq!(answer.header("content-type"), "application/json");
    }
    let refused = admin.call("POST", "/restapis", "{\"name\":").await;
    assert_eq!(refused.fault().1, "SerializationException");
}

#[tokio::test]
async fn methods_integrations_and_models() {
    let admin = Admin::start().await;
    let (api, root) = admin.api().await;
    let method = admin.mock_at_root(&api, &root).await;
    let whole = admin.get(&method).await.expect(200);
    assert_eq!(whole["methodIntegration"]["cacheNamespace"], root.as_str());
    assert_eq!(whole["methodIntegration"]["integrationResponses"]["200"]["statusCode"], "200");
    assert_eq!(whole["methodResponses"]["200"], json!({"statusCode": "200"}));
    let header = json!({"patchOperations": [
        {"op": "add", "path": "/responseParameters/method.response.header.X", "value": "true"}
    ]});
    let responses = format!("{method}/responses/200");
    assert_eq!(admin.send("PATCH", &responses, header).await.status, 201);
    let resources = format!("/restapis/{api}/resources");
    let bare = admin.get(&resources).await.expect(200);
    assert_eq!(bare["item"][0]["resourceMethods"], json!({"GET": {}}));
    let embedded = admin.get(&format!("{resources}?embed=methods")).await.expect(200);
    assert_eq!(embedded["item"][0]["resourceMethods"]["GET"]["authorizationType"], "NONE");

    let models = format!("/restapis/{api}/models");
    let url = format!("https://apigateway.amazonaws.com/restapis/{api}/models/Pet");
    let model = |name: &str, schema: Value| json!({"name": name, "contentType": "application/json", "schema": schema.to_string()});
    admin.send("POST", &models, model("Pet", json!({"type": "object"}))).await.expect(201);
    let pets = model("Pets", json!({"type": "array", "items": {"$ref": url}}));
    admin.send("POST", &models, pets).await.expect(201);
    let flat = admin.get(&format!("{models}/Pets?flatten=true")).await.expect(200);
    let schema: Value = serde_json::from_str(flat["schema"].as_str().unwrap()).unwrap();
    assert_eq!(schema["items"]["$ref"], "#/definitions/Pet");
    assert_eq!(admin.call("DELETE", &format!("{models}/Pets"), "").await.status, 202);

    for target in ["/integration/responses/200", "/integration", "/responses/200", ""] {
        let path = format!("{method}{target}");
        assert_eq!(admin.call("DELETE", &path, "").await.status, 204, "{path}");
    }
}

/// A mapping reads and writes only what the method declares.
#[tokio::test]
async fn mappings_of_what_is_not_declared() {
    let admin = Admin::start().await;
    let (api, root) = admin.api().await;
    let method = admin.mock_at_root(&api, &root).await;
    let integration = format!("{method}/integration");
    let response = format!("{integration}/responses/200");
    let refusal = |key: &str| {
        let message = format!(
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : \
             [Invalid mapping expression parameter specified: {key}]"
        );
        (400, "BadRequestException", message)
    };
    let reads = |source: &str| json!({"type": "MOCK", "requestParameters": {"integration.request.header.a": source}});
    for source in ["method.request.header.A", "method.request.multivaluequerystring.q"] {
        let answer = admin.send("PUT", &integration, reads(source)).await;
        assert_eq!(answer.fault(), refusal(source));
    }
    for source in ["method.request.body", "method.request.body.$.a", "context.requestId", "'x'"] {
        admin.send("PUT", &integration, reads(source)).await.expect(201);
    }
    let declare = json!({"patchOperations": [
        {"op": "add", "path": "/requestParameters/method.request.querystring.q", "value": "false"}
    ]});
    admin.send("PATCH", &method, declare).await.expect(200);
    let multi = reads("method.request.multivaluequerystring.q");
    admin.send("PUT", &integration, multi).await.expect(201);
    // What was declared once stays; the rest of the integration can be changed.
    let forget = json!({"patchOperations": [
        {"op": "remove", "path": "/requestParameters/method.request.querystring.q"}
    ]});
    admin.send("PATCH", &method, forget).await.expect(200);
    admin.send("PATCH", &integration, replace("/timeoutInMillis", "100")).await.expect(200);

    let header = "method.response.header.X";
    let writes = json!({"responseParameters": {header: "'x'"}});
    let answer = admin.send("PUT", &response, writes.clone()).await;
    assert_eq!(answer.fault(), refusal(header));
    admin.send("PUT", &response, json!({})).await.expect(201);
    let add = json!({"patchOperations": [
        {"op": "add", "path": format!("/responseParameters/{header}"), "value": "'x'"}
    ]});
    assert_eq!(admin.send("PATCH", &response, add).await.fault(), refusal(header));
    let declare = json!({"patchOperations": [
        {"op": "add", "path": format!("/responseParameters/{header}"), "value": "true"}
    ]});
    admin.send("PATCH", &format!("{method}/responses/200"), declare).await.expect(201);
    admin.send("PUT", &response, writes).await.expect(201);
}

#[tokio::test]
async fn imports_adapt_when_asked() {
    let admin = Admin::start().await;
    let document = json!({
        "openapi": "3.0.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a/{x}": {"get": {
            "parameters": [{"name": "x", "in": "path", "required": true, "schema": {"type": "string"}}],
            "responses": {"200": {"description": "ok"}},
        }}},
    });
    let target = "/restapis?mode=import&gatewright=adapt&backend=http%3A%2F%2F127.0.0.1%3A1";
    let made = admin.send("POST", target, document.clone()).await.expect(201);
    assert_eq!(made["gatewrightAdaptations"][0]["kind"], "integration");
    let api = made["id"].as_str().unwrap();
    let plain =
        admin.send("PUT", &format!("/restapis/{api}?mode=merge"), document).await.expect(200);
    assert!(plain.get("gatewrightAdaptations").is_none());
    let broken = admin.call("POST", "/restapis?mode=import", "openapi: [").await;
    assert!(broken.fault().2.starts_with("Invalid OpenAPI input."), "{:?}", broken.fault());
    let lists = [("requestvalidators", 0), ("authorizers", 0), ("gatewayresponses", 21)];
    for (kind, count) in lists {
        let list = admin.get(&format!("/restapis/{api}/{kind}")).await.expect(200);
        assert_eq!(list["item"].as_array().unwrap().len(), count, "{kind}");
    }
}
