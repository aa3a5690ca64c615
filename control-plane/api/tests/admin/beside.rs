//! What stands beside the APIs: certificates, links, the account, tags.

use gw_model::{FactName, Scope, fact::VpcLinkFact};
use serde_json::{Value, json};

use crate::harness::{ACCOUNT, Admin, Answer, replace};

const ARN: &str =
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/my-nlb/50dc6c495c0c9188";

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}")).to_owned()
}

fn scope() -> Scope {
    Scope::new(ACCOUNT, "us-east-1")
}

fn not_found(message: &str) -> (u16, &'static str, String) {
    (404, "NotFoundException", message.to_owned())
}

fn bad_request(message: impl Into<String>) -> (u16, &'static str, String) {
    (400, "BadRequestException", message.into())
}

/// A deployed API with a stage `prod`.
async fn deployed(admin: &Admin) -> (String, String) {
    let (api, root) = admin.api().await;
    admin.mock_at_root(&api, &root).await;
    deploy(admin, &api).await.expect(201);
    (api, root)
}

async fn deploy(admin: &Admin, api: &str) -> Answer {
    admin.send("POST", &format!("/restapis/{api}/deployments"), json!({"stageName": "prod"})).await
}

#[tokio::test]
async fn a_client_certificate_from_its_making_to_its_end() {
    let admin = Admin::start().await;
    let body = json!({"description": "for the bank", "tags": {"team": "a"}});
    let made = admin.send("POST", "/clientcertificates", body).await.expect(201);
    let id = text(&made, "clientCertificateId");
    assert_eq!(id.len(), 6);
    assert_eq!(
        (&made["description"], &made["tags"]),
        (&json!("for the bank"), &json!({"team": "a"}))
    );
    let life = made["expirationDate"].as_i64().unwrap() - made["createdDate"].as_i64().unwrap();
    assert_eq!(life, 365 * 24 * 3600);
    let pem = text(&made, "pemEncodedCertificate");
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\r\n"), "{pem}");
    let one = format!("/clientcertificates/{id}");
    assert_eq!(admin.get(&one).await.expect(200), made);
    let bare = admin.call("POST", "/clientcertificates", "").await.expect(201);
    assert!(bare.get("description").is_none() && bare.get("tags").is_none(), "{bare}");
    let all = admin.get("/clientcertificates").await.expect(200);
    assert_eq!(all["item"].as_array().unwrap().len(), 2);
    let page = admin.get("/clientcertificates?limit=1").await.expect(200);
    let next = format!("/clientcertificates?position={}", text(&page, "position"));
    assert_eq!(admin.get(&next).await.expect(200)["item"].as_array().unwrap().len(), 1);

    let patched = admin.send("PATCH", &one, replace("/description", "")).await.expect(200);
    assert!(patched.get("description").is_none());
    let refused = admin.send("PATCH", &one, replace("/pemEncodedCertificate", "x")).await;
    assert_eq!(
        refused.fault(),
        bad_request(
            "Invalid patch path  '/pemEncodedCertificate' specified for op 'replace'. Must be one \
             of: [/description]"
        )
    );

    // Nodes get it, sealed in the database.
    let name = FactName::ClientCertificate(scope(), id.clone());
    let fact = admin.fact(&name).await.unwrap();
    assert!(fact.sealed && !fact.content.windows(11).any(|part| part == b"certificate"));

    let (api, _) = deployed(&admin).await;
    let stage = format!("/restapis/{api}/stages/prod");
    let unknown = admin.send("PATCH", &stage, replace("/clientCertificateId", "nosuch")).await;
    assert_eq!(unknown.fault(), not_found("Invalid Client Certificate identifier specified"));
    let named = admin.send("PATCH", &stage, replace("/clientCertificateId", &id)).await;
    assert_eq!(named.expect(200)["clientCertificateId"], json!(id));
    assert_eq!(
        admin.call("DELETE", &one, "").await.fault(),
        bad_request(format!(
            "Cannot delete client certificate '{id}', is referenced in [{api}:prod] in format of \
             [RESTApiId:Stage]."
        ))
    );
    admin.send("PATCH", &stage, replace("/clientCertificateId", "")).await.expect(200);
    // No node is there to take the release: the serving one still names none.
    admin.call("DELETE", &one, "").await.expect(202);
    assert!(admin.fact(&name).await.is_none());
    for method in ["GET", "DELETE"] {
        let gone = admin.call(method, &one, "").await;
        assert_eq!(gone.fault(), not_found("Invalid Client Certificate identifier specified"));
    }
}

#[tokio::test]
async fn a_vpc_link_and_its_target() {
    let admin = Admin::start().await;
    let body = json!({"name": "l", "description": "d", "targetArns": [ARN], "tags": {"a": "b"}});
    let made = admin.send("POST", "/vpclinks", body).await.expect(202);
    let id = text(&made, "id");
    assert_eq!((&made["status"], &made["targetArns"]), (&json!("PENDING"), &json!([ARN])));
    let one = format!("/vpclinks/{id}");
    let failed = admin.get(&one).await.expect(200);
    assert_eq!(failed["status"], "FAILED");
    assert!(text(&failed, "statusMessage").contains("'my-nlb'"), "{failed}");
    let name = FactName::VpcLink(scope(), id.clone());
    let addresses = async || {
        let fact = admin.fact(&name).await.unwrap();
        let fact: VpcLinkFact = serde_json::from_slice(&fact.content).unwrap();
        fact.addresses.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert!(addresses().await.is_empty());

    // By name, and then by ARN, which goes before.
    let targets = "/gatewright/v1/vpctargets";
    let put = json!({"addresses": ["10.0.0.1:80", "b.internal"]});
    admin.send("PUT", &format!("{targets}/my-nlb"), put).await.expect(200);
    assert_eq!(addresses().await, ["10.0.0.1:80", "b.internal"]);
    let ready = admin.get(&one).await.expect(200);
    assert_eq!(
        (&ready["status"], &ready["statusMessage"]),
        (&json!("AVAILABLE"), &json!("Your vpc link is ready for use"))
    );
    let by_arn = format!("{targets}/{}", ARN.replace('/', "%2F"));
    admin.send("PUT", &by_arn, json!({"addresses": ["10.0.0.2"]})).await.expect(200);
    assert_eq!(addresses().await, ["10.0.0.2"]);
    let all = admin.get(targets).await.expect(200);
    assert_eq!(all["targets"].as_array().unwrap().len(), 2);
    admin.call("DELETE", &by_arn, "").await.expect(204);
    assert_eq!(addresses().await, ["10.0.0.1:80", "b.internal"]);
    for (target, addresses) in [
        ("my-nlb", json!([])),
        ("my-nlb", json!(["http://x"])),
        ("no%20name", json!(["a:1"])),
        ("arn:aws:s3", json!(["a:1"])),
    ] {
        let body = json!({"addresses": addresses});
        let refused = admin.send("PUT", &format!("{targets}/{target}"), body).await;
        assert_eq!(refused.fault().0, 400, "{target} {addresses}");
    }
    assert_eq!(admin.call("DELETE", &by_arn, "").await.fault().0, 404);

    let both = json!({"patchOperations": [
        {"op": "replace", "path": "/name", "value": "m"},
        {"op": "replace", "path": "/description", "value": ""}
    ]});
    let patched = admin.send("PATCH", &one, both).await.expect(200);
    assert_eq!((&patched["name"], patched.get("description")), (&json!("m"), None));
    let listed = admin.get("/vpclinks").await.expect(200);
    assert_eq!(listed["item"][0], patched);

    for (body, fault) in [
        (
            json!({"name": "l", "targetArns": [ARN, ARN]}),
            bad_request("More than one target arn specified for vpc link."),
        ),
        (
            json!({"name": "l", "targetArns": ["invalid-arn"]}),
            bad_request("Invalid ARN. ARN is not well formed invalid-arn"),
        ),
        (json!({"name": "l", "targetArns": []}), bad_request("No target arn specified for vpc link.")),
        (json!({"name": "", "targetArns": [ARN]}), bad_request("Name cannot be empty")),
        (
            json!({"name": "l"}),
            (
                400,
                "ValidationException",
                "1 validation error detected: Value null at 'createVpcLinkInput.targetArns' failed \
                 to satisfy constraint: Member must not be null"
                    .to_owned(),
            ),
        ),
        (
            json!({"name": "l", "targetArns": ARN}),
            (400, "SerializationException", "Expected list or null".to_owned()),
        ),
    ] {
        assert_eq!(admin.send("POST", "/vpclinks", body.clone()).await.fault(), fault, "{body}");
    }
    let bad = json!({"name": "l", "targetArns": ["arn:aws:s3:::x"]});
    let bad = admin.send("POST", "/vpclinks", bad).await.expect(202);
    let bad = admin.get(&format!("/vpclinks/{}", text(&bad, "id"))).await.expect(200);
    assert_eq!(
        (&bad["status"], &bad["statusMessage"]),
        (&json!("FAILED"), &json!("NLB ARN is malformed."))
    );
}

#[tokio::test]
async fn a_vpc_link_in_use_stays() {
    let admin = Admin::start().await;
    let made = admin.send("POST", "/vpclinks", json!({"name": "l", "targetArns": [ARN]})).await;
    let id = text(&made.expect(202), "id");
    let one = format!("/vpclinks/{id}");
    let (api, root) = admin.api().await;
    let method = format!("/restapis/{api}/resources/{root}/methods/GET");
    admin.send("PUT", &method, json!({"authorizationType": "NONE"})).await.expect(201);
    let integration = async |link: &str| {
        let body = json!({
            "type": "HTTP_PROXY", "httpMethod": "GET", "uri": "http://backend.internal/",
            "connectionType": "VPC_LINK", "connectionId": link,
        });
        admin.send("PUT", &format!("{method}/integration"), body).await.expect(201)
    };
    let refused = |places: &str, form: &str| {
        bad_request(format!(
            "Cannot delete vpc link. Vpc link '{id}', is referenced in [{places}] in format of \
             [{form}]."
        ))
    };
    // In the working copy.
    integration(&id).await;
    let fault = admin.call("DELETE", &one, "").await.fault().2;
    assert_eq!(fault, refused(&format!("{api}:GET:{root}"), "RESTApiId:Method:Resource").2);
    // In a stage, whatever the working copy says meanwhile.
    deploy(&admin, &api).await.expect(201);
    integration("${stageVariables.link}").await;
    let deployed = refused(&format!("{api}:GET:{root}:prod"), "RESTApiId:Method:Resource:Stage");
    assert_eq!(admin.call("DELETE", &one, "").await.fault(), deployed);
    // By a stage variable.
    deploy(&admin, &api).await.expect(201);
    admin.call("DELETE", &format!("/restapis/{api}/stages/prod"), "").await.expect(202);
    deploy(&admin, &api).await.expect(201);
    let stage = format!("/restapis/{api}/stages/prod");
    admin.send("PATCH", &stage, replace("/variables/link", &id)).await.expect(200);
    assert_eq!(admin.call("DELETE", &one, "").await.fault(), deployed);
    admin.send("PATCH", &stage, replace("/variables/link", "other")).await.expect(200);
    admin.call("DELETE", &one, "").await.expect(202);
    let gone = not_found("Invalid Vpc Link identifier specified");
    assert_eq!(admin.get(&one).await.fault(), gone);
    assert_eq!(admin.send("PATCH", &one, replace("/name", "x")).await.fault(), gone);
    assert_eq!(admin.call("DELETE", &one, "").await.fault(), gone);
}

#[tokio::test]
async fn an_account_keeps_its_settings_by_region() {
    let admin = Admin::start().await;
    let fresh = json!({
        "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0},
        "features": ["UsagePlans"], "apiKeyVersion": "4"
    });
    assert_eq!(admin.get("/account").await.expect(200), fresh);
    let arn = "arn:aws:iam::123456789012:role/logs";
    let set = admin.send("PATCH", "/account", replace("/cloudwatchRoleArn", arn)).await.expect(200);
    assert_eq!(set["cloudwatchRoleArn"], arn);
    assert_eq!(admin.get("/account").await.expect(200), set);
    let bad = admin.send("PATCH", "/account", replace("/cloudwatchRoleArn", "x")).await;
    assert_eq!(bad.fault(), bad_request("Invalid ARN specified in the request"));
    let remove = json!({"patchOperations": [
        {"op": "replace", "path": "/cloudwatchRoleArn", "value": ""},
        {"op": "remove", "path": "/features", "value": "UsagePlans"}
    ]});
    let refused = admin.send("PATCH", "/account", remove).await;
    assert_eq!(refused.fault(), bad_request("Usage Plans cannot be disabled once enabled"));
    assert_eq!(admin.get("/account").await.expect(200), set, "all or nothing");
    let elsewhere = gw_sigv4::Signer { region: "eu-west-1", ..admin.signer() };
    let now = time::OffsetDateTime::now_utc();
    let there = admin.signed(&elsewhere, "GET", "/account", Default::default(), now).await;
    assert_eq!(there.expect(200), fresh);
    admin.send("PATCH", "/account", replace("/cloudwatchRoleArn", "")).await.expect(200);
    assert_eq!(admin.get("/account").await.expect(200), fresh);
}

#[tokio::test]
async fn tags_of_every_kind() {
    let admin = Admin::start().await;
    let (api, _) = deployed(&admin).await;
    let certificate = admin.call("POST", "/clientcertificates", "").await.expect(201);
    let link = json!({"name": "l", "targetArns": [ARN]});
    let link = admin.send("POST", "/vpclinks", link).await.expect(202);
    let key = admin.send("POST", "/apikeys", json!({"name": "k"})).await.expect(201);
    let plan = admin.send("POST", "/usageplans", json!({"name": "p"})).await.expect(201);
    for path in [
        format!("/restapis/{api}"),
        format!("/restapis/{api}/stages/prod"),
        format!("/clientcertificates/{}", text(&certificate, "clientCertificateId")),
        format!("/vpclinks/{}", text(&link, "id")),
        format!("/apikeys/{}", text(&key, "id")),
        format!("/usageplans/{}", text(&plan, "id")),
    ] {
        let arn = format!("arn:aws:apigateway:us-east-1::{path}");
        let tags = format!("/tags/{}", arn.replace(':', "%3A").replace('/', "%2F"));
        let put = json!({"tags": {"a": "1", "b": "2"}});
        admin.send("PUT", &tags, put).await.expect(204);
        admin.send("PUT", &tags, json!({"tags": {"b": "3", "c": ""}})).await.expect(204);
        let all = json!({"a": "1", "b": "3", "c": ""});
        assert_eq!(admin.get(&tags).await.expect(200)["tags"], all, "{path}");
        assert_eq!(admin.get(&path).await.expect(200)["tags"], all, "{path}");
        let removed = format!("{tags}?tagKeys=a&tagKeys=c&tagKeys=no");
        admin.call("DELETE", &removed, "").await.expect(204);
        assert_eq!(admin.get(&path).await.expect(200)["tags"], json!({"b": "3"}), "{path}");

        let reserved = admin.send("PUT", &tags, json!({"tags": {"aws:x": "1"}})).await;
        let message = "Invalid tag key. Tag keys cannot start with 'aws:' (case insensitive)";
        assert_eq!(reserved.fault(), bad_request(message));
        let many: Value =
            (0..50).map(|n| (format!("k{n}"), json!(""))).collect::<serde_json::Map<_, _>>().into();
        let many = admin.send("PUT", &tags, json!({"tags": many})).await;
        assert_eq!(many.fault(), bad_request("Invalid tags. A resource can have at most 50 tags"));
        assert_eq!(admin.get(&tags).await.expect(200)["tags"], json!({"b": "3"}), "{path}");

        // Without any, most kinds say so when asked for alone, as AWS has it.
        admin.call("DELETE", &format!("{tags}?tagKeys=b"), "").await.expect(204);
        let silent = path.contains("/stages/") || path.starts_with("/clientcertificates/");
        let shown = Some(json!({})).filter(|_| !silent);
        let found = admin.get(&path).await.expect(200);
        assert_eq!(found.get("tags").cloned(), shown, "{path}");
        let nothing = json!({"patchOperations": []});
        let patched = admin.send("PATCH", &path, nothing).await.expect(200);
        assert_eq!(patched.get("tags").cloned(), shown, "{path}");
        let all = path.rsplit_once('/').unwrap().0;
        let listed = admin.get(all).await.expect(200)["item"][0].clone();
        assert_eq!((listed.is_object(), listed.get("tags")), (true, None), "{all}");
    }
}

#[tokio::test]
async fn tags_that_cannot_be() {
    let admin = Admin::start().await;
    let of = |path: &str| {
        format!("/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A{}", path.replace('/', "%2F"))
    };
    for (path, message) in [
        ("/restapis/nosuch", format!("Invalid API identifier specified {ACCOUNT}:nosuch")),
        ("/restapis/nosuch/stages/x", format!("Invalid API identifier specified {ACCOUNT}:nosuch")),
        ("/vpclinks/x", "Invalid Vpc Link identifier specified".to_owned()),
        ("/clientcertificates/x", "Invalid Client Certificate identifier specified".to_owned()),
        ("/usageplans/x", "Invalid Usage Plan ID specified".to_owned()),
    ] {
        let tag = admin.send("PUT", &of(path), json!({"tags": {"a": "b"}})).await;
        assert_eq!(tag.fault(), not_found(&message), "{path}");
        assert_eq!(admin.get(&of(path)).await.fault(), not_found(&message), "{path}");
        let untag = admin.call("DELETE", &format!("{}?tagKeys=a", of(path)), "").await;
        assert_eq!(untag.fault(), not_found(&message), "{path}");
    }
    let invalid = bad_request("Invalid ARN specified in the request");
    for arn in [of("/restapis"), of("/account"), "/tags/x".to_owned(), of("/restapis/a/models/b")] {
        assert_eq!(admin.get(&arn).await.fault(), invalid, "{arn}");
    }
    let elsewhere = of("/restapis/a").replace("us-east-1", "eu-west-1");
    assert_eq!(admin.get(&elsewhere).await.fault(), invalid);
    let (api, _) = admin.api().await;
    let tags = of(&format!("/restapis/{api}"));
    for (answer, member) in [
        (admin.send("PUT", &tags, json!({})).await, "tagResourceInput.tags"),
        (admin.call("DELETE", &tags, "").await, "untagResourceInput.tagKeys"),
    ] {
        let (status, code, message) = answer.fault();
        assert_eq!((status, code), (400, "ValidationException"));
        assert!(message.contains(&format!("Value null at '{member}'")), "{message}");
    }
    let bad = admin.send("PUT", &tags, json!({"tags": ["a"]})).await;
    assert_eq!(bad.fault().1, "SerializationException");
    for create in ["/restapis", "/clientcertificates", "/apikeys", "/usageplans"] {
        let body = json!({"name": "n", "tags": {"aws:a": "b"}});
        assert_eq!(admin.send("POST", create, body).await.fault().0, 400, "{create}");
    }
}

#[tokio::test]
async fn hal_for_who_asks() {
    let admin = Admin::start().await;
    let (api, root) = deployed(&admin).await;
    let hal = async |target: &str, accept: Option<&str>| admin.accepting(target, accept).await;
    let plain = hal(&format!("/restapis/{api}"), Some("*/*")).await;
    assert_eq!(plain.header("content-type"), "application/json");
    assert!(plain.json().get("_links").is_none());
    for accept in [None, Some("application/hal+json")] {
        let dressed = hal(&format!("/restapis/{api}"), accept).await;
        assert_eq!(dressed.header("content-type"), "application/hal+json");
        let body = dressed.expect(200);
        assert_eq!(body["_links"]["self"]["href"], format!("/restapis/{api}"));
        let root = format!("/restapis/{api}/resources/{root}");
        assert_eq!(body["_links"]["resource:create"]["href"], root);
        assert!(body["createdDate"].is_string());
    }
    let list = hal("/restapis", None).await.expect(200);
    assert_eq!(list["_embedded"]["item"]["id"], json!(api));
    let target = format!("/restapis/{api}/resources/{root}?embed=methods");
    let whole = hal(&target, None).await.expect(200);
    let method = &whole["_embedded"]["resource:methods"];
    assert_eq!(method["_embedded"]["method:integration"]["type"], "MOCK", "{whole}");
    // Errors have one form only, and so have our own calls.
    let missing = hal("/restapis/nosuch", None).await;
    assert_eq!(missing.header("content-type"), "application/json");
    assert_eq!(missing.fault().1, "NotFoundException");
    let own = hal("/gatewright/v1/identity", None).await;
    assert_eq!(own.header("content-type"), "application/json");
}
