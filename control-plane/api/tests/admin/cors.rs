//! `PUT`, `GET` and `DELETE` of CORS settings.

use serde_json::json;

use crate::harness::Admin;

#[tokio::test]
async fn settings_become_methods_that_aws_calls_show() {
    let admin = Admin::start().await;
    let (api, root) = admin.api().await;
    admin.mock_at_root(&api, &root).await;
    let own = format!("/gatewright/v1/restapis/{api}");
    let cors = format!("{own}/resources/{root}/cors");
    let nothing = admin.get(&cors).await.expect(200);
    let resource = json!({"resourceId": root, "path": "/", "methods": {"GET": "NOBODY"}});
    assert_eq!(nothing, json!({"resources": [resource], "gatewayResponses": []}));

    let body = json!({
        "allowOrigins": ["https://a.example", "https://b.example"], "allowCredentials": true,
        "exposeHeaders": ["X-Total"], "maxAgeSeconds": 600,
    });
    let set = admin.send("PUT", &cors, body).await.expect(200);
    let settings = json!({
        "allowOrigins": ["https://a.example", "https://b.example"],
        "allowMethods": ["GET", "OPTIONS"],
        "allowHeaders": [
            "Content-Type", "X-Amz-Date", "Authorization", "X-Api-Key", "X-Amz-Security-Token"],
        "exposeHeaders": ["X-Total"], "maxAgeSeconds": 600, "allowCredentials": true,
    });
    assert_eq!(set["resources"][0]["cors"], settings);
    assert_eq!(set["resources"][0]["methods"], json!({"GET": "GATEWAY"}));
    assert_eq!(admin.get(&cors).await.expect(200), set);
    assert_eq!(admin.get(&format!("{own}/cors")).await.expect(200), set);

    // As AWS's console leaves it.
    let method = format!("/restapis/{api}/resources/{root}/methods/OPTIONS");
    let options = admin.get(&method).await.expect(200);
    assert_eq!(options["authorizationType"], "NONE");
    assert_eq!(options["methodIntegration"]["type"], "MOCK");
    let declared = &options["methodResponses"]["200"]["responseParameters"];
    let response = &options["methodIntegration"]["integrationResponses"]["200"];
    for (name, value) in [
        ("Allow-Origin", "'https://a.example'"),
        ("Allow-Methods", "'GET,OPTIONS'"),
        ("Allow-Credentials", "'true'"),
        ("Max-Age", "'600'"),
    ] {
        let key = format!("method.response.header.Access-Control-{name}");
        assert_eq!(
            (&declared[&key], &response["responseParameters"][&key]),
            (&json!(false), &json!(value))
        );
    }
    let template = response["responseTemplates"]["application/json"].as_str().unwrap();
    assert!(template.contains(r#"$origin == "https://b.example""#), "{template}");

    let gone = admin.call("DELETE", &cors, "").await.expect(200);
    assert_eq!(gone["resources"][0].get("cors"), None);
    assert_eq!(admin.get(&method).await.status, 404);
    assert_eq!(admin.get(&cors).await.expect(200), nothing);
}

#[tokio::test]
async fn gateway_responses_are_set_and_taken_back() {
    let admin = Admin::start().await;
    let (api, root) = admin.api().await;
    admin.mock_at_root(&api, &root).await;
    let cors = format!("/gatewright/v1/restapis/{api}/cors");
    let body = json!({"allowOrigins": ["*"], "gatewayResponses": true});
    let set = admin.send("PUT", &cors, body).await.expect(200);
    assert_eq!(set["gatewayResponses"], json!(["DEFAULT_4XX", "DEFAULT_5XX"]));
    let path = format!("/restapis/{api}/gatewayresponses/DEFAULT_4XX");
    let key = "gatewayresponse.header.Access-Control-Allow-Origin";
    assert_eq!(admin.get(&path).await.expect(200)["responseParameters"][key], "'*'");
    admin.call("DELETE", &cors, "").await.expect(200);
    assert_eq!(admin.get(&path).await.expect(200)["responseParameters"][key], "'*'");
    let gone = admin.call("DELETE", &format!("{cors}?gatewayResponses=true"), "").await;
    assert_eq!(gone.expect(200)["gatewayResponses"], json!([]));
    assert_eq!(admin.get(&path).await.expect(200)["defaultResponse"], true);
}

#[tokio::test]
async fn bad_settings_name_what_is_wrong() {
    let admin = Admin::start().await;
    let (api, root) = admin.api().await;
    let own = format!("/gatewright/v1/restapis/{api}");
    let cors = format!("{own}/resources/{root}/cors");
    let bad = "BadRequestException";
    for (body, status, kind, part) in [
        (json!({}), 400, bad, "allowOrigins must name"),
        (json!({"allowOrigins": ["*"], "allowCredentials": true}), 400, bad, "allowCredentials"),
        (json!({"allowOrigins": ["a.example"]}), 400, bad, "\"a.example\""),
        (json!({"allowOrigins": ["*"], "allowMethods": ["FLY"]}), 400, bad, "\"FLY\""),
        (json!({"allowOrigins": ["*"], "allowHeaders": ["a b"]}), 400, bad, "\"a b\""),
        (json!({"allowOrigins": ["*"], "maxAgeSeconds": 86401}), 400, bad, "maxAgeSeconds"),
        (json!({"allowOrigins": "*"}), 400, "SerializationException", ""),
        (json!({"allowOrigins": ["*"], "maxAgeSeconds": -1}), 400, "SerializationException", ""),
        (json!({"allowOrigin": ["*"]}), 400, "SerializationException", "allowOrigin"),
        (json!([]), 400, "SerializationException", ""),
    ] {
        let answer = admin.send("PUT", &cors, body.clone()).await;
        let (found, name, text) = answer.fault();
        assert_eq!((found, name), (status, kind), "{body}: {text}");
        assert!(answer.json().to_string().contains(&part.replace('"', "\\\"")), "{body}: {text}");
    }
    let open = json!({"allowOrigins": ["*"]});
    for (target, text) in [
        (format!("{own}/resources/none/cors"), "Invalid Resource identifier specified"),
        (
            "/gatewright/v1/restapis/nowhere/cors".to_owned(),
            "Invalid API identifier specified 000000000000:nowhere",
        ),
    ] {
        for verb in ["PUT", "GET", "DELETE"] {
            let answer = admin.send(verb, &target, open.clone()).await;
            assert_eq!(answer.fault(), (404, "NotFoundException", text.to_owned()), "{verb}");
        }
    }
    // A method that asks elsewhere is not overwritten.
    let method = format!("/restapis/{api}/resources/{root}/methods/OPTIONS");
    admin.send("PUT", &method, json!({"authorizationType": "NONE"})).await.expect(201);
    let proxy = json!({"type": "HTTP_PROXY", "httpMethod": "ANY", "uri": "http://h.example/"});
    admin.send("PUT", &format!("{method}/integration"), proxy).await.expect(201);
    let watch = admin.watch().await;
    let refused = admin.send("PUT", &cors, open).await;
    assert_eq!((refused.fault().0, refused.fault().1), (409, "ConflictException"));
    drop(watch);
    assert_eq!(admin.get(&method).await.expect(200)["methodIntegration"]["type"], "HTTP_PROXY");
}
