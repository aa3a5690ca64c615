//! What is unknown, told as AWS tells it: which id a call looks for first.

use serde_json::{Value, json};

use crate::harness::{ACCOUNT, Admin};

#[tokio::test]
async fn each_call_names_what_it_looked_for() {
    let admin = Admin::start().await;
    let (api, root) = admin.api().await;
    let real = format!("/restapis/{api}");
    let method = format!("{real}/resources/{root}/methods");
    admin.send("PUT", &format!("{method}/GET"), json!({"authorizationType": "NONE"})).await;
    let in_no_api = "/restapis/nowhere/resources/r/methods/GET";
    let in_no_resource = format!("{real}/resources/none/methods/GET");
    let post = format!("{method}/POST");
    let none = json!({});
    let no_auth = json!({"authorizationType": "NONE"});
    let mock = json!({"type": "MOCK"});
    let (resource, verb) =
        ("Invalid Resource identifier specified", "Invalid Method identifier specified");
    let integration = "Invalid Integration identifier specified";
    let status = "Invalid Response status code specified";
    let api_text = format!("Invalid API identifier specified {ACCOUNT}:nowhere");
    let get = format!("{method}/GET");
    let model = json!({"name": "M", "contentType": "application/json", "schema": "{}"});
    let table: Vec<(&str, String, &Value, &str)> = vec![
        ("PUT", in_no_api.into(), &no_auth, resource),
        ("PUT", in_no_api.replace("/GET", "/WRONG"), &no_auth, resource),
        ("PUT", in_no_resource.replace("/GET", "/WRONG"), &no_auth, resource),
        ("GET", in_no_api.into(), &none, resource),
        ("PATCH", in_no_api.into(), &none, resource),
        ("DELETE", in_no_api.into(), &none, resource),
        ("PUT", in_no_resource.clone(), &no_auth, resource),
        ("GET", post.clone(), &none, verb),
        ("PUT", format!("{in_no_api}/integration"), &mock, resource),
        ("GET", format!("{in_no_resource}/integration"), &none, resource),
        ("PUT", format!("{post}/integration"), &mock, verb),
        ("GET", format!("{get}/integration"), &none, integration),
        ("PUT", format!("{get}/integration/responses/200"), &none, integration),
        ("GET", format!("{get}/integration/responses/200"), &none, integration),
        ("DELETE", format!("{post}/integration/responses/200"), &none, integration),
        ("DELETE", format!("{method}/BREW/integration/responses/200"), &none, integration),
        ("GET", format!("{method}/BREW/integration/responses/200"), &none, verb),
        ("GET", format!("{get}/responses/200"), &none, status),
        ("POST", "/restapis/nowhere/models".into(), &model, &api_text),
        ("GET", "/restapis/nowhere/models/M".into(), &none, "Invalid model name specified: M"),
        ("DELETE", "/restapis/nowhere/documentation/parts/p".into(), &none, &api_text),
    ];
    for (verb, target, body, message) in table {
        let answer = admin.send(verb, &target, body.clone()).await;
        let (status, kind, text) = answer.fault();
        assert_eq!((status, kind, &*text), (404, "NotFoundException", message), "{verb} {target}");
    }
    // What is wrong with path and body is told together.
    let odd = json!({"patchOperations": [{"op": "brew", "path": "/x"}]});
    for (below, input) in [
        ("responses", "updateMethodResponseInput"),
        ("integration/responses", "updateIntegrationResponseInput"),
    ] {
        let refused = admin.send("PATCH", &format!("{get}/{below}/wrong"), odd.clone()).await;
        let message = format!(
            "2 validation errors detected: Value 'brew' at '{input}.patchOperations.1.member.op' \
             failed to satisfy constraint: Member must satisfy enum value set: [add, remove, move, \
             test, replace, copy]; Value 'wrong' at 'statusCode' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [1-5]\\d\\d"
        );
        assert_eq!(refused.fault(), (400, "ValidationException", message));
    }
    // An integration's response may come before the method's.
    admin.send("PUT", &format!("{get}/integration"), mock).await.expect(201);
    let early = format!("{get}/integration/responses/200");
    let empty = json!({"responseTemplates": {"application/json": ""}, "selectionPattern": ""});
    let made = admin.send("PUT", &early, empty).await.expect(201);
    assert_eq!(
        made,
        json!({"statusCode": "200", "selectionPattern": "",
               "responseTemplates": {"application/json": null}})
    );
    // A resource moves only where there is one.
    let below = format!("{real}/resources/{root}");
    let child = admin.send("POST", &below, json!({"pathPart": "a"})).await;
    let child = child.expect(201)["id"].as_str().unwrap().to_owned();
    let moved = crate::harness::replace("/parentId", "nowhere");
    let moved = admin.send("PATCH", &format!("{real}/resources/{child}"), moved).await;
    assert_eq!(moved.fault(), (404, "NotFoundException", resource.into()));
}

#[tokio::test]
async fn addresses_that_no_call_can_reach_are_refused() {
    let admin = Admin::start().await;
    let (api, root) = admin.api().await;
    let method = format!("/restapis/{api}/resources/{root}/methods/GET");
    admin.send("PUT", &method, json!({"authorizationType": "NONE"})).await.expect(201);
    let target = format!("{method}/integration");
    for uri in ["http://h:99999/", "http://user:pass@h/", "http://", "h", "ftp://h", "http://h:0"] {
        let body = json!({"type": "HTTP_PROXY", "httpMethod": "GET", "uri": uri});
        let text = "Invalid HTTP endpoint specified for URI".to_owned();
        let refused = admin.send("PUT", &target, body).await;
        assert_eq!(refused.fault(), (400, "BadRequestException", text), "{uri}");
    }
    assert_eq!(admin.get(&target).await.status, 404);
}

#[tokio::test]
async fn an_api_is_copied_with_its_documentation() {
    let admin = Admin::start().await;
    let (api, _) = admin.api().await;
    let part = json!({"location": {"type": "API"}, "properties": "{\"a\":1}"});
    let parts = format!("/restapis/{api}/documentation/parts");
    let part = admin.send("POST", &parts, part).await.expect(201);
    let copy = admin.send("POST", "/restapis", json!({"name": "copy", "cloneFrom": api})).await;
    let copy = copy.expect(201)["id"].as_str().unwrap().to_owned();
    let copied = admin.get(&format!("/restapis/{copy}/documentation/parts")).await.expect(200);
    assert_eq!(copied["item"], json!([part]));
    let none = admin.send("POST", "/restapis", json!({"name": "n", "cloneFrom": "none"})).await;
    assert_eq!(none.fault().2, "Invalid REST API identifier specified");
    let long = admin.send("POST", "/restapis", json!({"name": "n".repeat(1025)})).await;
    assert_eq!((long.fault().0, long.fault().1), (400, "BadRequestException"));
}
