//! Request validators, authorizers, gateway responses and models: made,
//! changed, used and deleted, with the refusals that AWS gave.

use serde_json::{Value, json};

use crate::harness::{ACCOUNT, Admin, replace};

const FUNCTION: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/\
                        arn:aws:lambda:us-east-1:000000000000:function:f/invocations";

fn patch(op: &str, path: &str, value: Option<&str>) -> Value {
    json!({"patchOperations": [{"op": op, "path": path, "value": value}]})
}

fn bad_request(message: &str) -> (u16, &'static str, String) {
    (400, "BadRequestException", message.to_owned())
}

fn not_found(message: &str) -> (u16, &'static str, String) {
    (404, "NotFoundException", message.to_owned())
}

#[tokio::test]
async fn a_request_validator() {
    let admin = Admin::start().await;
    let (api, root) = admin.api().await;
    let all = format!("/restapis/{api}/requestvalidators");
    assert_eq!(admin.get(&all).await.expect(200), json!({"item": []}));
    let made = admin.send("POST", &all, json!({"name": "v"})).await.expect(201);
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        made,
        json!({"id": id, "name": "v", "validateRequestBody": false,
               "validateRequestParameters": false})
    );
    let one = format!("{all}/{id}");
    let on = admin.send("PATCH", &one, replace("/validateRequestParameters", "true")).await;
    assert_eq!(on.expect(200)["validateRequestParameters"], true);
    assert_eq!(admin.get(&one).await.expect(200)["validateRequestParameters"], true);
    let off = patch("replace", "/validateRequestParameters", None);
    assert_eq!(admin.send("PATCH", &one, off).await.expect(200), made);
    for (body, message) in [
        (
            patch("add", "/validateRequestBody", Some("true")),
            "Invalid patch path  '/validateRequestBody' specified for op 'add'. Please choose \
             supported operations",
        ),
        (
            replace("/invalidPath", "x"),
            "Invalid patch path  '/invalidPath' specified for op 'replace'. Must be one of: \
             [/name, /validateRequestParameters, /validateRequestBody]",
        ),
        (replace("/name", ""), "Request Validator name cannot be blank"),
    ] {
        assert_eq!(admin.send("PATCH", &one, body).await.fault(), bad_request(message));
    }
    let blank = admin.send("POST", &all, json!({"name": " "})).await;
    assert_eq!(blank.fault(), bad_request("Request Validator name cannot be blank"));
    let wrong = admin.send("POST", &all, json!({"validateRequestBody": "yes"})).await;
    assert_eq!(wrong.fault().1, "SerializationException");
    // In use by a method, until the method goes.
    let method = format!("/restapis/{api}/resources/{root}/methods/GET");
    let put = json!({"authorizationType": "NONE", "requestValidatorId": id});
    admin.send("PUT", &method, put).await.expect(201);
    let (status, kind, message) = {
        let refused = admin.call("DELETE", &one, "").await;
        let (status, kind, message) = refused.fault();
        (status, kind.to_owned(), message)
    };
    assert_eq!((status, kind.as_str()), (409, "ConflictException"));
    assert!(message.ends_with("is referenced in method: GET//"), "{message}");
    assert_eq!(admin.get(&one).await.expect(200)["name"], "v");
    admin.call("DELETE", &method, "").await;
    assert_eq!(admin.call("DELETE", &one, "").await.status, 202);
    let unknown = not_found("Invalid Request Validator identifier specified");
    assert_eq!(admin.get(&one).await.fault(), unknown);
    assert_eq!(admin.call("DELETE", &one, "").await.fault(), unknown);
    // What AWS says of an API that there is not.
    let nowhere = "/restapis/nowhere/requestvalidators";
    let refused = admin.send("POST", nowhere, json!({"name": "v"})).await;
    assert_eq!(refused.fault(), bad_request("Invalid REST API identifier specified"));
    assert_eq!(admin.get(&format!("{nowhere}/x")).await.fault(), unknown);
    let list = admin.get(nowhere).await;
    let message = format!("Invalid API identifier specified {ACCOUNT}:nowhere");
    assert_eq!(list.fault(), not_found(&message));
}

#[tokio::test]
async fn an_authorizer() {
    let admin = Admin::start().await;
    let (api, root) = admin.api().await;
    let all = format!("/restapis/{api}/authorizers");
    let token = json!({
        "name": "a", "type": "TOKEN", "authorizerUri": FUNCTION,
        "identitySource": "method.request.header.Authorization",
        "identityValidationExpression": "x.*", "authorizerCredentials": "arn:aws:iam::1:role/r",
    });
    let made = admin.send("POST", &all, token.clone()).await.expect(201);
    let id = made["id"].as_str().unwrap();
    let mut expected = token.clone();
    expected["id"] = id.into();
    expected["authType"] = "custom".into();
    assert_eq!(made, expected);
    let one = format!("{all}/{id}");
    assert_eq!(admin.get(&one).await.expect(200), expected);
    let twice = admin.send("POST", &all, token.clone()).await;
    let message = "Authorizer name must be unique. Authorizer a already exists in this RestApi.";
    assert_eq!(twice.fault(), bad_request(message));
    for (member, value, message) in [
        ("type", json!("OTHER"), "Member must satisfy enum value set: [TOKEN, REQUEST,"),
        ("name", Value::Null, "Value null at 'createAuthorizerInput.name'"),
        ("authorizerResultTtlInSeconds", json!(3601), "between 0 and 3600 seconds"),
        ("authorizerUri", json!("arn:aws:lambda:x"), "Invalid Authorizer URI: arn:aws:lambda:x."),
        (
            "identitySource",
            json!("method.request.querystring.x"),
            "Invalid token source expression: method.request.querystring.x. The source must be a \
             method request header, matching 'method.request.header.[a-zA-Z0-9._-]+'.",
        ),
    ] {
        let mut body = token.clone();
        body["name"] = "b".into();
        body[member] = value;
        let (status, _, text) = {
            let refused = admin.send("POST", &all, body).await;
            let (status, kind, text) = refused.fault();
            (status, kind.to_owned(), text)
        };
        assert!(status == 400 && text.contains(message), "{member}: {text}");
    }
    let both = json!({"patchOperations": [
        {"op": "replace", "path": "/type", "value": "REQUEST"},
        {"op": "add", "path": "/identitySource", "value": "method.request.querystring.q"},
        {"op": "replace", "path": "/authorizerResultTtlInSeconds", "value": "0"},
        {"op": "replace", "path": "/name", "value": "c"}]});
    let patched = admin.send("PATCH", &one, both).await.expect(200);
    assert_eq!(
        patched["identitySource"],
        "method.request.header.Authorization,method.request.querystring.q"
    );
    assert_eq!((&patched["name"], &patched["type"]), (&json!("c"), &json!("REQUEST")));
    // A token authorizer reads one header: nothing of this is kept.
    let back = json!({"patchOperations": [
        {"op": "replace", "path": "/name", "value": "d"},
        {"op": "replace", "path": "/type", "value": "TOKEN"}]});
    assert_eq!(admin.send("PATCH", &one, back).await.status, 400);
    assert_eq!(admin.get(&one).await.expect(200), patched);
    // In use by a method.
    let method = format!("/restapis/{api}/resources/{root}/methods/GET");
    let put = json!({"authorizationType": "CUSTOM", "authorizerId": id});
    assert_eq!(admin.send("PUT", &method, put).await.expect(201)["authorizerId"], id);
    let conflict = "Cannot delete authorizer 'c', is referenced in method: GET//".to_owned();
    let refused = admin.call("DELETE", &one, "").await;
    assert_eq!(refused.fault(), (409, "ConflictException", conflict));
    // A method that lets everybody in forgets its authorizer.
    let open = admin.send("PATCH", &method, replace("/authorizationType", "NONE")).await;
    assert!(open.expect(200).get("authorizerId").is_none());
    assert_eq!(admin.call("DELETE", &one, "").await.status, 202);
    let unknown = not_found("Invalid Authorizer identifier specified");
    assert_eq!(admin.get(&one).await.fault(), unknown);
    let nowhere = admin.send("POST", "/restapis/nowhere/authorizers", token).await;
    let message = "Unable to complete operation due to concurrent modification. Please try again \
                   later.";
    assert_eq!(nowhere.fault(), (409, "ConflictException", message.into()));
}

#[tokio::test]
async fn authorizers_of_every_type() {
    let admin = Admin::start().await;
    let (api, _) = admin.api().await;
    let all = format!("/restapis/{api}/authorizers");
    let pool = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_a";
    let header = "method.request.header.Authorization";
    let types = [
        json!({"name": "r", "type": "REQUEST", "authorizerUri": FUNCTION,
               "authorizerResultTtlInSeconds": 0}),
        json!({"name": "p", "type": "COGNITO_USER_POOLS", "providerARNs": [pool],
               "identitySource": header}),
        json!({"name": "j", "type": "JWT", "identitySource": header, "jwtConfiguration": {
            "issuers": [{"issuer": "https://i.test", "audiences": ["a"], "additionalClaims": [
                {"claimName": "tenant", "required": true, "expectedValues": ["t"]}]}],
            "defaultAlgorithms": ["RS256"]}}),
    ];
    for body in &types {
        let made = admin.send("POST", &all, body.clone()).await.expect(201);
        for (member, value) in body.as_object().unwrap() {
            assert_eq!(&made[member], value, "{member}");
        }
    }
    let page = admin.get(&format!("{all}?limit=2")).await.expect(200);
    assert_eq!(page["item"].as_array().unwrap().len(), 2);
    let next = format!("{all}?limit=2&position={}", page["position"].as_str().unwrap());
    let last = admin.get(&next).await.expect(200);
    assert_eq!((last["item"].as_array().unwrap().len(), last.get("position")), (1, None));
    assert_eq!(
        admin.get(&format!("{all}?position=!")).await.fault(),
        bad_request("Invalid position specified: !")
    );
    for (body, part) in [
        (json!({"name": "x", "type": "COGNITO_USER_POOLS"}), "At least one provider ARN"),
        (json!({"name": "x", "type": "JWT"}), "at least one issuer"),
        (json!({"name": "x", "type": "REQUEST", "authorizerUri": FUNCTION}), "identity source"),
    ] {
        let message = admin.send("POST", &all, body).await.expect(400);
        assert!(message["message"].as_str().unwrap().contains(part), "{message}");
    }
}

#[tokio::test]
async fn gateway_responses() {
    let admin = Admin::start().await;
    let (api, _) = admin.api().await;
    let all = format!("/restapis/{api}/gatewayresponses");
    let of = |kind: &str| format!("{all}/{kind}");
    let template = json!({"application/json": "{\"message\":$context.error.messageString}"});
    let token = of("MISSING_AUTHENTICATION_TOKEN");
    let built_in = json!({
        "responseType": "MISSING_AUTHENTICATION_TOKEN", "statusCode": "403",
        "defaultResponse": true, "responseParameters": {}, "responseTemplates": template,
    });
    assert_eq!(admin.get(&token).await.expect(200), built_in);
    // Status only: the template is shown that is built in.
    let put = admin.send("PUT", &token, json!({"statusCode": "404"})).await.expect(201);
    let mut expected = built_in.clone();
    expected["statusCode"] = "404".into();
    expected["defaultResponse"] = false.into();
    assert_eq!(put, expected);
    // A second one replaces the first.
    let header = json!({"gatewayresponse.header.X-A": "method.request.header.Accept"});
    let put = admin.send("PUT", &token, json!({"responseParameters": header})).await.expect(201);
    assert_eq!((&put["statusCode"], &put["responseParameters"]), (&json!("403"), &header));
    // The default of a class shows in those that nobody has customised.
    let server = json!({"statusCode": "599", "responseTemplates": {"text/plain": "oops"}});
    admin.send("PUT", &of("DEFAULT_5XX"), server).await.expect(201);
    let failure = admin.get(&of("INTEGRATION_FAILURE")).await.expect(200);
    assert_eq!(
        failure,
        json!({"responseType": "INTEGRATION_FAILURE", "statusCode": "599",
               "defaultResponse": true, "responseParameters": {},
               "responseTemplates": {"text/plain": "oops"}})
    );
    let own = json!({"responseParameters": {"gatewayresponse.header.foo": "'bar'"}});
    let own = admin.send("PUT", &of("AUTHORIZER_FAILURE"), own).await.expect(201);
    assert_eq!((&own["statusCode"], &own["responseTemplates"]), (&json!("500"), &template));
    assert_eq!(admin.get(&all).await.expect(200)["item"].as_array().unwrap().len(), 21);
    // Patches.
    let steps = json!({"patchOperations": [
        {"op": "replace", "path": "/statusCode", "value": "444"},
        {"op": "add", "path": "/responseTemplates/application~1xml", "value": "<x/>"},
        {"op": "replace", "path": "/responseParameters/gatewayresponse.header.X-A", "value": "'b'"}]});
    let patched = admin.send("PATCH", &token, steps).await.expect(200);
    assert_eq!(patched["responseTemplates"]["application/xml"], "<x/>");
    assert_eq!(patched["responseTemplates"]["application/json"], template["application/json"]);
    assert_eq!(patched["responseParameters"]["gatewayresponse.header.X-A"], "'b'");
    let fresh = admin.send("PATCH", &of("DEFAULT_4XX"), replace("/statusCode", "444")).await;
    let fresh = fresh.expect(200);
    assert_eq!(
        (&fresh["defaultResponse"], &fresh["responseTemplates"]),
        (&json!(false), &template)
    );
    for (body, fault) in [
        (patch("add", "/statusCode", Some("400")), bad_request("Invalid patch path /statusCode")),
        (replace("/wrongPath", "x"), bad_request("Invalid patch path /wrongPath")),
        (
            replace("/responseParameters/gatewayresponse.header.No", "'x'"),
            not_found("Invalid parameter name specified"),
        ),
        (
            patch("replace", "/responseTemplates/application~1json", None),
            bad_request("Invalid null or empty value in responseTemplates"),
        ),
        (
            patch("replace", "/responseParameters/gatewayresponse.header.X-A", None),
            bad_request("Invalid null or empty value in responseParameters"),
        ),
    ] {
        assert_eq!(admin.send("PATCH", &token, body).await.fault(), fault);
    }
    assert_eq!(admin.get(&token).await.expect(200), patched);
    let refused = admin.send("PUT", &token, json!({"statusCode": "4xx"})).await;
    assert_eq!(
        refused.fault(),
        (
            400,
            "ValidationException",
            "1 validation error detected: Value '4xx' at 'putGatewayResponseInput.statusCode' \
             failed to satisfy constraint: Member must satisfy regular expression pattern: \
             [1-5]\\d\\d"
                .into()
        )
    );
    let mapping = json!({"responseParameters": {"method.response.header.X": "'x'"}});
    assert_eq!(admin.send("PUT", &token, mapping).await.status, 400);
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        let (status, kind, message) = {
            let refused = admin.call(method, &of("FAKE"), "").await;
            let (status, kind, message) = refused.fault();
            (status, kind.to_owned(), message)
        };
        assert_eq!((status, kind.as_str()), (400, "ValidationException"), "{method}");
        assert!(
            message.starts_with(
                "1 validation error detected: Value 'FAKE' at 'responseType' failed to satisfy \
                 constraint: Member must satisfy enum value set: [REQUEST_TOO_LARGE, "
            ),
            "{message}"
        );
    }
    assert_eq!(admin.call("DELETE", &token, "").await.status, 202);
    assert_eq!(admin.get(&token).await.expect(200)["defaultResponse"], true);
    let again = admin.call("DELETE", &token, "").await;
    assert_eq!(again.fault(), not_found("Gateway response type not defined on api"));
}

#[tokio::test]
async fn models_refer_to_each_other() {
    let admin = Admin::start().await;
    let (api, _) = admin.api().await;
    let all = format!("/restapis/{api}/models");
    let url = format!("https://apigateway.amazonaws.com/restapis/{api}/models");
    let model = |name: &str, schema: Value| json!({"name": name, "contentType": "application/json", "schema": schema.to_string()});
    let pets = model("Pets", json!({"type": "array", "items": {"$ref": format!("{url}/Pet")}}));
    let early = admin.send("POST", &all, pets.clone()).await;
    assert_eq!(
        early.fault(),
        bad_request(
            "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model \
             schema specified. Unknown model reference: Pet]"
        )
    );
    let pet = json!({"type": "object", "properties": {"id": {"type": "integer"}}});
    admin.send("POST", &all, model("Pet", pet)).await.expect(201);
    admin.send("POST", &all, pets).await.expect(201);
    let template = admin.get(&format!("{all}/Pets/default_template")).await.expect(200);
    assert_eq!(
        template["value"],
        "#set($inputRoot = $input.path('$'))\n[\n##TODO: Update this foreach loop to reference \
         array from input json\n#foreach($elem in $inputRoot)\n {\n  \"id\" : 42\n} \
         \n#if($foreach.hasNext),#end\n#end\n]"
    );
    let flat = admin.get(&format!("{all}/Pets?flatten=true")).await.expect(200);
    let schema: Value = serde_json::from_str(flat["schema"].as_str().unwrap()).unwrap();
    assert_eq!(schema["items"]["$ref"], "#/definitions/Pet");
    assert_eq!(schema["definitions"]["Pet"]["properties"]["id"]["type"], "integer");
    let used = admin.call("DELETE", &format!("{all}/Pet"), "").await;
    let message = "Cannot delete model 'Pet', is referenced in model: Pets".to_owned();
    assert_eq!(used.fault(), (409, "ConflictException", message));
    let broken = replace("/schema", "{\"$ref\": \"Pet\"}");
    let broken = admin.send("PATCH", &format!("{all}/Pet"), broken).await.expect(400);
    assert!(broken["message"].as_str().unwrap().contains("must be in canonical form"), "{broken}");
    let unknown = not_found("Invalid model name specified: No");
    for target in [format!("{all}/No"), format!("{all}/No/default_template")] {
        assert_eq!(admin.get(&target).await.fault(), unknown);
    }
    assert_eq!(admin.get("/restapis/nowhere/models/No").await.fault(), unknown);
}
