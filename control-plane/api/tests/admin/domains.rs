//! Custom domains, their mappings and associations.

use serde_json::{Value, json};

use crate::harness::{Admin, replace};

pub(crate) const ARN: &str = "arn:aws:acm:us-east-1:000000000000:certificate/1234";

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}]}"#;

fn refused(message: &str) -> (u16, &'static str, String) {
    (400, "BadRequestException", message.to_owned())
}

fn not_found(message: &str) -> (u16, &'static str, String) {
    (404, "NotFoundException", message.to_owned())
}

fn patch(operations: &Value) -> Value {
    json!({ "patchOperations": operations })
}

/// An API with a stage `prod`.
async fn deployed(admin: &Admin) -> String {
    let (api, root) = admin.api().await;
    admin.mock_at_root(&api, &root).await;
    let stage = json!({"stageName": "prod"});
    admin.send("POST", &format!("/restapis/{api}/deployments"), stage).await.expect(201);
    api
}

pub(crate) fn edge(name: &str) -> Value {
    json!({"domainName": name, "certificateArn": ARN})
}

fn regional(name: &str) -> Value {
    json!({"domainName": name, "regionalCertificateArn": ARN,
           "endpointConfiguration": {"types": ["REGIONAL"]}})
}

#[tokio::test]
async fn an_edge_domain_has_the_members_of_aws() {
    let admin = Admin::start().await;
    let mut body = edge("api.example.com");
    body["certificateName"] = json!("mine");
    body["tags"] = json!({"a": "b"});
    let made = admin.send("POST", "/domainnames", body).await.expect(201);
    let label = made["distributionDomainName"].as_str().unwrap();
    assert!(label.starts_with('d') && label.ends_with(".cloudfront.localhost"), "{label}");
    let date = made["certificateUploadDate"].as_i64().unwrap();
    assert!(date > 1_700_000_000);
    assert_eq!(
        made,
        json!({
            "domainName": "api.example.com",
            "domainNameArn": "arn:aws:apigateway:us-east-1::/domainnames/api.example.com",
            "certificateName": "mine",
            "certificateArn": ARN,
            "certificateUploadDate": date,
            "distributionDomainName": label,
            "distributionHostedZoneId": "Z2FDTNDATAQYW2",
            "endpointConfiguration": {"types": ["EDGE"], "ipAddressType": "ipv4"},
            "domainNameStatus": "AVAILABLE",
            "securityPolicy": "TLS_1_2",
            "routingMode": "BASE_PATH_MAPPING_ONLY",
            "tags": {"a": "b"},
        })
    );
    assert_eq!(admin.get("/domainnames/api.example.com").await.expect(200), made);
    let all = admin.get("/domainnames").await.expect(200);
    assert_eq!(all, json!({ "item": [made] }));
    let tags = "/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fdomainnames%2Fapi.example.com";
    admin.send("PUT", tags, json!({"tags": {"c": "d"}})).await.expect(204);
    assert_eq!(admin.get(tags).await.expect(200), json!({"tags": {"a": "b", "c": "d"}}));
    let tagged = admin.get("/domainnames/api.example.com").await.expect(200);
    assert_eq!(tagged["tags"], json!({"a": "b", "c": "d"}));
    assert_eq!(admin.call("DELETE", "/domainnames/api.example.com", "").await.status, 202);
    for method in ["GET", "DELETE"] {
        let answer = admin.call(method, "/domainnames/api.example.com", "").await;
        assert_eq!(answer.fault(), not_found("Invalid domain name identifier specified"));
    }
}

#[tokio::test]
async fn a_regional_domain_moves_to_the_edge() {
    let admin = Admin::start().await;
    let made = admin.send("POST", "/domainnames", regional("a.example.com")).await.expect(201);
    let host = made["regionalDomainName"].as_str().unwrap();
    assert!(host.starts_with("d-") && host.ends_with(".execute-api.us-east-1.localhost"), "{host}");
    assert_eq!(made["regionalHostedZoneId"], "Z1UJRXOUMOOFQ8");
    assert!(made.get("distributionDomainName").is_none());

    let path = "/domainnames/a.example.com";
    let alone = patch(&json!([
        {"op": "add", "path": "/endpointConfiguration/types", "value": "EDGE"}]));
    assert_eq!(
        admin.send("PATCH", path, alone).await.fault(),
        refused("A certificate was not provided for the endpoint type EDGE.")
    );
    let both = patch(&json!([
        {"op": "add", "path": "/endpointConfiguration/types", "value": "EDGE"},
        {"op": "add", "path": "/certificateName", "value": "edge-cert"},
        {"op": "add", "path": "/certificateArn", "value": ARN}]));
    let moved = admin.send("PATCH", path, both).await.expect(200);
    assert_eq!(moved["endpointConfiguration"]["types"], json!(["EDGE", "REGIONAL"]));
    assert_eq!(moved["certificateName"], "edge-cert");
    assert_eq!(moved["regionalDomainName"], made["regionalDomainName"]);
    assert!(moved["distributionDomainName"].is_string());
    // As AWS's guide writes it, without the first slash.
    let gone = patch(&json!([
        {"op": "remove", "path": "/endpointConfiguration/types", "value": "REGIONAL"},
        {"op": "remove", "path": "regionalCertificateArn"}]));
    let moved = admin.send("PATCH", path, gone).await.expect(200);
    assert_eq!(moved["endpointConfiguration"]["types"], json!(["EDGE"]));
    for member in ["regionalDomainName", "regionalCertificateArn", "regionalHostedZoneId"] {
        assert!(moved.get(member).is_none(), "{member}");
    }
    assert_eq!(admin.get(path).await.expect(200), moved);
}

#[tokio::test]
async fn patches_change_what_they_name() {
    let admin = Admin::start().await;
    admin.send("POST", "/domainnames", regional("a.example.com")).await.expect(201);
    let path = "/domainnames/a.example.com";
    let other = ARN.replace("1234", "5678");
    let changed = patch(&json!([
        {"op": "replace", "path": "/securityPolicy", "value": "SecurityPolicy_TLS13_1_3_2025_09"},
        {"op": "replace", "path": "/endpointAccessMode", "value": "STRICT"},
        {"op": "replace", "path": "/endpointConfiguration/ipAddressType", "value": "dualstack"},
        {"op": "replace", "path": "/routingMode", "value": "ROUTING_RULE_ONLY"},
        {"op": "replace", "path": "/regionalCertificateArn", "value": other},
        {"op": "add", "path": "/regionalCertificateName", "value": "two"},
        {"op": "add", "path": "/ownershipVerificationCertificateArn", "value": ARN},
        {"op": "add", "path": "/mutualTlsAuthentication/truststoreUri", "value": "s3://b/k.pem"},
        {"op": "add", "path": "/mutualTlsAuthentication/truststoreVersion", "value": "v1"}]));
    admin.send("PATCH", path, changed).await.expect(200);
    let now = admin.get(path).await.expect(200);
    for (pointer, value) in [
        ("/securityPolicy", "SecurityPolicy_TLS13_1_3_2025_09"),
        ("/endpointAccessMode", "STRICT"),
        ("/endpointConfiguration/ipAddressType", "dualstack"),
        ("/routingMode", "ROUTING_RULE_ONLY"),
        ("/regionalCertificateArn", &other),
        ("/regionalCertificateName", "two"),
        ("/ownershipVerificationCertificateArn", ARN),
        ("/mutualTlsAuthentication/truststoreUri", "s3://b/k.pem"),
        ("/mutualTlsAuthentication/truststoreVersion", "v1"),
    ] {
        assert_eq!(now.pointer(pointer).and_then(Value::as_str), Some(value), "{pointer}");
    }
    let off = admin
        .send("PATCH", path, replace("/mutualTlsAuthentication/truststoreUri", ""))
        .await
        .expect(200);
    assert!(off.get("mutualTlsAuthentication").is_none());
    // STRICT holds requests to the one type.
    let more = patch(&json!([
        {"op": "add", "path": "/endpointConfiguration/types", "value": "EDGE"},
        {"op": "add", "path": "/certificateArn", "value": ARN}]));
    let refused = admin.send("PATCH", path, more).await;
    assert!(refused.fault().2.contains("access mode is STRICT"), "{:?}", refused.fault());
    let one = replace("/endpointConfiguration/types/REGIONAL", "PRIVATE");
    assert_eq!(admin.send("PATCH", path, one).await.status, 400);
}

#[tokio::test]
async fn bad_patches_change_nothing() {
    let admin = Admin::start().await;
    let made = admin.send("POST", "/domainnames", regional("a.example.com")).await.expect(201);
    let path = "/domainnames/a.example.com";
    let first = json!({"op": "replace", "path": "/regionalCertificateName", "value": "new"});
    for (second, part) in [
        (json!({"op": "replace", "path": "/x", "value": ""}), "Invalid patch path  '/x'"),
        (json!({"op": "add", "path": "/securityPolicy", "value": "TLS_1_2"}), "choose supported"),
        (json!({"op": "replace", "path": "/securityPolicy", "value": "x"}), "Must be one of"),
        (json!({"op": "replace", "path": "/policy", "value": "{}"}), "private custom domain"),
        (json!({"op": "replace", "path": "/endpointAccessMode", "value": "BASIC"}), "access mode"),
        (json!({"op": "remove", "path": "/regionalCertificateArn"}), "not provided"),
        (json!({"op": "add", "path": "/certificateArn", "value": ARN}), "endpoint type"),
        (json!({"op": "replace", "path": "/regionalCertificateArn", "value": "x"}), "ARN"),
        (
            json!({"op": "remove", "path": "/endpointConfiguration/types", "value": "REGIONAL"}),
            "cannot be both DISABLED",
        ),
        (
            json!({"op": "add", "path": "/endpointConfiguration/types", "value": "PRIVATE"}),
            "between public and private",
        ),
        (
            json!({"op": "add", "path": "/mutualTlsAuthentication/truststoreUri", "value": "x"}),
            "Invalid truststore URI",
        ),
        (
            json!({"op": "add", "path": "/mutualTlsAuthentication/truststoreVersion", "value": "1"}),
            "without a truststore URI",
        ),
    ] {
        let both = patch(&json!([first, second]));
        let (status, kind, message) = {
            let answer = admin.send("PATCH", path, both).await;
            let (status, kind, message) = answer.fault();
            (status, kind.to_owned(), message)
        };
        assert_eq!((status, kind.as_str()), (400, "BadRequestException"), "{second}: {message}");
        assert!(message.contains(part), "{second}: {message}");
    }
    let twice = patch(&json!([
        {"op": "add", "path": "/regionalCertificateArn", "value": ARN},
        {"op": "remove", "path": "/regionalCertificateName"}]));
    assert_eq!(admin.send("PATCH", path, twice).await.status, 400);
    assert_eq!(admin.get(path).await.expect(200), made);
    let unknown = admin.send("PATCH", "/domainnames/b.example.com", replace("/x", "y")).await;
    assert_eq!(unknown.fault(), not_found("Invalid domain name identifier specified"));
}

#[tokio::test]
async fn creations_are_refused_as_at_aws() {
    let admin = Admin::start().await;
    admin.send("POST", "/domainnames", edge("api.example.com")).await.expect(201);
    let bad = |body: Value| {
        let admin = &admin;
        async move { admin.send("POST", "/domainnames", body).await.fault().2 }
    };
    let taken = "The domain name you provided already exists.";
    let again = admin.send("POST", "/domainnames", regional("api.example.com")).await;
    assert_eq!(again.fault(), refused(taken));
    // Names are global: another region meets the same.
    let elsewhere = gw_sigv4::Signer { region: "eu-west-1", ..admin.signer() };
    let body = edge("api.example.com").to_string().into();
    let now = time::OffsetDateTime::now_utc();
    let there = admin.signed(&elsewhere, "POST", "/domainnames", body, now).await;
    assert_eq!(there.fault(), refused(taken));

    let none = bad(json!({"domainName": "b.example.com"})).await;
    assert_eq!(none, "A certificate was not provided for the endpoint type EDGE.");
    let mut other = regional("b.example.com");
    other["certificateArn"] = ARN.into();
    other["regionalCertificateArn"] = Value::Null;
    let none = bad(other).await;
    assert_eq!(none, "A certificate was not provided for the endpoint type REGIONAL.");
    for name in ["B.example.com", "example", "a..b", "x.execute-api.localhost", "10.0.0.1", "a b.c"]
    {
        let text = bad(edge(name)).await;
        assert!(text.starts_with("The domain name "), "{name}: {text}");
    }
    for (member, value, part) in [
        ("endpointConfiguration", json!({"types": []}), "cannot be both DISABLED"),
        ("endpointConfiguration", json!({"types": ["EDGE", "REGIONAL"]}), "multiple"),
        ("endpointConfiguration", json!({"types": ["MOON"]}), "enum value set"),
        ("securityPolicy", json!("TLS_9"), "enum value set"),
        ("routingMode", json!("RANDOM"), "enum value set"),
        ("securityPolicy", json!(7), "can not be converted to an String"),
        ("securityPolicy", json!("SecurityPolicy_TLS13_1_3_2025_09"), "not supported"),
        ("endpointAccessMode", json!("BASIC"), "access mode"),
        ("policy", json!("{}"), "private custom domain names only"),
        ("certificateBody", json!("x"), "private key"),
        ("certificateArn", json!("arn:aws:s3:::x"), "Invalid certificate ARN"),
        ("ownershipVerificationCertificateArn", json!("x"), "Invalid certificate ARN"),
        ("mutualTlsAuthentication", json!({"truststoreUri": "s3://b/k"}), "REGIONAL only"),
        ("certificateName", json!("x".repeat(1025)), "at most 1024 characters"),
        ("tags", json!({"aws:x": "y"}), "tag key"),
    ] {
        let mut body = edge("c.example.com");
        body[member] = value;
        let text = bad(body).await;
        assert!(text.contains(part), "{member}: {text}");
    }
    let missing = admin.send("POST", "/domainnames", json!({})).await;
    assert_eq!(missing.fault().1, "ValidationException");
    assert_eq!(admin.get("/domainnames").await.expect(200)["item"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn mappings() {
    let admin = Admin::start().await;
    let api = deployed(&admin).await;
    admin.send("POST", "/domainnames", edge("a.example.com")).await.expect(201);
    let base = "/domainnames/a.example.com/basepathmappings";
    let root = admin.send("POST", base, json!({"restApiId": api})).await.expect(201);
    assert_eq!(root, json!({"basePath": "(none)", "restApiId": api}));
    let v1 = json!({"restApiId": api, "basePath": "v1", "stage": "prod"});
    assert_eq!(admin.send("POST", base, v1.clone()).await.expect(201), v1);
    let taken = (409, "ConflictException", "Base path already exists for this domain name".into());
    assert_eq!(admin.send("POST", base, v1.clone()).await.fault(), taken);
    let none = json!({"restApiId": api, "basePath": "(none)"});
    assert_eq!(admin.send("POST", base, none).await.fault(), taken);

    assert_eq!(admin.get(&format!("{base}/v1")).await.expect(200), v1);
    assert_eq!(admin.get(&format!("{base}/%28none%29")).await.expect(200), root);
    assert_eq!(admin.get(base).await.expect(200), json!({"item": [root, v1]}));
    let page = admin.get(&format!("{base}?limit=1")).await.expect(200);
    let next = format!("{base}?limit=1&position={}", page["position"].as_str().unwrap());
    assert_eq!(admin.get(&next).await.expect(200), json!({ "item": [v1] }));

    let path = format!("{base}/v1");
    let moved = patch(&json!([
        {"op": "replace", "path": "/basePath", "value": "v2"},
        {"op": "replace", "path": "/stage", "value": "(none)"}]));
    let moved = admin.send("PATCH", &path, moved).await.expect(200);
    assert_eq!(moved, json!({"basePath": "v2", "restApiId": api}));
    assert_eq!(
        admin.get(&path).await.fault(),
        not_found("Invalid base path mapping identifier specified")
    );
    let path = format!("{base}/v2");
    assert_eq!(admin.send("PATCH", &path, replace("/basePath", "")).await.fault(), taken);
    for (patched, message) in [
        (replace("/restapiId", "nothing"), "Invalid REST API identifier specified"),
        (replace("/stage", "nothing"), "Invalid stage identifier specified"),
    ] {
        assert_eq!(admin.send("PATCH", &path, patched).await.fault(), refused(message));
    }
    assert_eq!(admin.call("DELETE", &path, "").await.status, 202);
    assert_eq!(admin.call("DELETE", &path, "").await.status, 404);
}

#[tokio::test]
async fn mappings_are_refused_as_at_aws() {
    let admin = Admin::start().await;
    let api = deployed(&admin).await;
    admin.send("POST", "/domainnames", edge("a.example.com")).await.expect(201);
    let base = "/domainnames/a.example.com/basepathmappings";
    for (body, part) in [
        (json!({"restApiId": "nothing"}), "Invalid REST API identifier specified"),
        (json!({"restApiId": api, "stage": "no"}), "Invalid stage identifier specified"),
        (json!({"restApiId": api, "stage": "a b"}), "Stage name only allows"),
        (json!({"restApiId": api, "basePath": "a/b"}), "slash character (/)"),
        (json!({"restApiId": api, "basePath": "a b"}), "Base path can contain"),
        (json!({"restApiId": api, "basePath": "x".repeat(301)}), "Base path can contain"),
    ] {
        let answer = admin.send("POST", base, body.clone()).await;
        assert_eq!((answer.fault().0, answer.fault().1), (400, "BadRequestException"), "{body}");
        assert!(answer.fault().2.contains(part), "{body}: {}", answer.fault().2);
    }
    let missing = admin.send("POST", base, json!({"stage": "prod"})).await;
    assert_eq!(missing.fault().1, "ValidationException");
    let unknown = "/domainnames/b.example.com/basepathmappings";
    for answer in [
        admin.send("POST", unknown, json!({"restApiId": api})).await,
        admin.get(unknown).await,
        admin.get(&format!("{unknown}/x")).await,
    ] {
        assert_eq!(answer.fault(), not_found("Invalid domain name identifier specified"));
    }
    // What domains lead to stays.
    let stage = json!({"restApiId": api, "stage": "prod"});
    admin.send("POST", base, stage).await.expect(201);
    let gone = admin.call("DELETE", &format!("/restapis/{api}/stages/prod"), "").await;
    assert_eq!(
        gone.fault(),
        refused(
            "Deleting stage prod failed. Please remove all base path mappings related to the \
             stage in your domains: a.example.com"
        )
    );
    let gone = admin.call("DELETE", &format!("/restapis/{api}"), "").await;
    assert!(gone.fault().2.contains("Please remove all base path mappings"));
    // A domain takes its mappings along.
    assert_eq!(admin.call("DELETE", "/domainnames/a.example.com", "").await.status, 202);
    assert_eq!(admin.call("DELETE", &format!("/restapis/{api}"), "").await.status, 202);
}

#[tokio::test]
async fn private_domains_and_their_associations() {
    let admin = Admin::start().await;
    let body = json!({
        "domainName": "p.example.com", "certificateArn": ARN,
        "endpointConfiguration": {"types": ["PRIVATE"]},
        "policy": POLICY,
    });
    let made = admin.send("POST", "/domainnames", body).await.expect(201);
    let id = made["domainNameId"].as_str().unwrap();
    let arn = made["domainNameArn"].as_str().unwrap();
    assert_eq!(
        arn,
        format!("arn:aws:apigateway:us-east-1:000000000000:/domainnames/p.example.com+{id}")
    );
    assert_eq!(made["endpointConfiguration"]["ipAddressType"], "dualstack");
    // It is told by both name and id.
    assert_eq!(admin.get("/domainnames/p.example.com").await.status, 404);
    let path = format!("/domainnames/p.example.com?domainNameId={id}");
    assert_eq!(admin.get(&path).await.expect(200), made);
    let public = deployed(&admin).await;
    let base = format!("/domainnames/p.example.com/basepathmappings?domainNameId={id}");
    let mixed = admin.send("POST", &base, json!({"restApiId": public})).await;
    assert!(mixed.fault().2.contains("private APIs only"));
    // `execute-api:/*` is short for the domain's own ARN.
    let whole =
        format!("arn:aws:execute-api:us-east-1:000000000000:/domainnames/p.example.com+{id}");
    let whole = POLICY.replace("execute-api:/*", &whole);
    assert_eq!(made["policy"], whole);
    let managed = replace("/managementPolicy", POLICY);
    let managed = admin.send("PATCH", &path, managed).await.expect(200);
    assert_eq!(managed["managementPolicy"], whole);

    let list = "/domainnameaccessassociations";
    let body = json!({"domainNameArn": arn, "accessAssociationSourceType": "VPCE",
                      "accessAssociationSource": "vpce-0a1b2c"});
    let associated = admin.send("POST", list, body.clone()).await.expect(201);
    let association = associated["domainNameAccessAssociationArn"].as_str().unwrap();
    assert_eq!(
        association,
        "arn:aws:apigateway:us-east-1:000000000000:/domainnameaccessassociations/domainname/\
         p.example.com/vpcesource/vpce-0a1b2c"
    );
    assert_eq!(admin.send("POST", list, body.clone()).await.fault().1, "ConflictException");
    assert_eq!(admin.get(list).await.expect(200), json!({ "item": [associated] }));
    let others = admin.get(&format!("{list}?resourceOwner=OTHER_ACCOUNTS")).await.expect(200);
    assert_eq!(others, json!({ "item": [] }));
    assert_eq!(
        admin.get(&format!("{list}?resourceOwner=ME")).await.fault().1,
        "ValidationException"
    );
    let encoded = association.replace('/', "%2F").replace(':', "%3A");
    let one = format!("{list}/{encoded}");
    assert_eq!(admin.call("DELETE", &one, "").await.status, 202);
    assert_eq!(admin.call("DELETE", &one, "").await.status, 404);

    admin.send("POST", list, body).await.expect(201);
    let reject = |arn: &str| {
        let arn = arn.replace('/', "%2F").replace(':', "%3A").replace('+', "%2B");
        format!(
            "/rejectdomainnameaccessassociations?domainNameAccessAssociationArn={encoded}&domainNameArn={arn}"
        )
    };
    assert_eq!(admin.call("POST", &reject("arn:x"), "").await.status, 400);
    let half = "/rejectdomainnameaccessassociations";
    assert_eq!(admin.call("POST", half, "").await.fault().1, "ValidationException");
    assert_eq!(admin.call("POST", &reject(arn), "").await.status, 202);
    assert_eq!(admin.call("POST", &reject(arn), "").await.status, 404);
    assert_eq!(admin.get(list).await.expect(200), json!({ "item": [] }));

    for (member, value, status) in [
        ("domainNameArn", "arn:aws:apigateway:us-east-1:000000000000:/domainnames/x.y+abc", 400),
        ("domainNameArn", "x", 400),
        ("accessAssociationSource", "vpc-1", 400),
        ("accessAssociationSourceType", "VPC", 400),
    ] {
        let mut body = json!({"domainNameArn": arn, "accessAssociationSourceType": "VPCE",
                              "accessAssociationSource": "vpce-1"});
        body[member] = value.into();
        assert_eq!(admin.send("POST", list, body).await.status, status, "{member}");
    }
}
