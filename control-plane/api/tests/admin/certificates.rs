//! The certificate store, and certificates that come with a domain.

use rcgen::{CertificateParams, KeyPair};
use serde_json::json;

use crate::{
    domains::edge,
    harness::{Admin, replace},
};

/// A certificate for these names, and its key.
fn certificate(names: &[&str]) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    (made.pem(), key.serialize_pem())
}

#[tokio::test]
async fn certificates_that_come_with_a_domain() {
    let admin = Admin::start().await;
    let (body, key) = certificate(&["a.example.com"]);
    let create = |name: &str, body: &str, key: &str| {
        json!({"domainName": name, "certificateName": "n", "certificateBody": body,
               "certificatePrivateKey": key})
    };
    let made = create("a.example.com", &body, &key);
    let made = admin.send("POST", "/domainnames", made).await.expect(201);
    assert_eq!(made["certificateName"], "n");
    for member in ["certificateArn", "certificateBody", "certificatePrivateKey"] {
        assert!(made.get(member).is_none(), "{member}");
    }
    let (_, other) = certificate(&["b.example.com"]);
    for (name, body, key, part) in [
        ("b.example.com", &body, &key, "does not cover the domain name b.example.com"),
        ("b.example.com", &body, &other, "does not match"),
        ("b.example.com", &key, &key, "holds no certificate"),
        ("b.example.com", &body, &body, "not a private key"),
    ] {
        let text = admin.send("POST", "/domainnames", create(name, body, key)).await.fault().2;
        assert!(text.contains(part), "{text}");
    }
    // It stays while nothing is said of it.
    let path = "/domainnames/a.example.com";
    admin.send("PATCH", path, replace("/certificateName", "m")).await.expect(200);
}

#[tokio::test]
async fn the_certificate_store() {
    let admin = Admin::start().await;
    let store = "/gatewright/v1/certificates";
    let (body, key) = certificate(&["*.example.com"]);
    let import = json!({"certificate": body, "privateKey": key});
    let made = admin.send("POST", store, import.clone()).await.expect(201);
    let arn = made["certificateArn"].as_str().unwrap().to_owned();
    assert!(arn.starts_with("arn:aws:acm:us-east-1:000000000000:certificate/"), "{arn}");
    assert_eq!(made["names"], json!(["*.example.com"]));
    assert_eq!(made["certificate"].as_str().unwrap(), body);
    assert!(!made.to_string().contains("PRIVATE KEY"));
    let one = format!("{store}/{}", arn.replace('/', "%2F"));
    assert_eq!(admin.get(&one).await.expect(200), made);
    let all = admin.get(store).await.expect(200);
    assert_eq!(all["certificates"][0]["certificateArn"], arn.as_str());

    let mut domain = edge("a.example.com");
    domain["certificateArn"] = arn.as_str().into();
    admin.send("POST", "/domainnames", domain.clone()).await.expect(201);
    domain["domainName"] = "a.example.org".into();
    let text = admin.send("POST", "/domainnames", domain).await.fault().2;
    assert!(text.contains("does not cover"), "{text}");
    assert_eq!(admin.get(&one).await.expect(200)["inUseBy"], json!(["a.example.com"]));
    let used = admin.call("DELETE", &one, "").await;
    assert_eq!((used.fault().0, used.fault().1), (409, "ConflictException"));
    // A renewal has to cover who shows it.
    let (narrow, narrow_key) = certificate(&["b.example.com"]);
    let renewal = json!({"certificate": narrow, "privateKey": narrow_key, "certificateArn": arn});
    assert!(admin.send("POST", store, renewal).await.fault().2.contains("does not cover"));
    let (wide, wide_key) = certificate(&["a.example.com"]);
    let renewal = json!({"certificate": wide, "privateKey": wide_key, "certificateArn": arn});
    let renewed = admin.send("POST", store, renewal).await.expect(201);
    assert_eq!(renewed["certificate"].as_str().unwrap(), wide);
    assert_eq!(renewed["createdAt"], made["createdAt"]);

    assert_eq!(admin.call("DELETE", "/domainnames/a.example.com", "").await.status, 202);
    assert_eq!(admin.call("DELETE", &one, "").await.status, 204);
    assert_eq!(admin.get(&one).await.status, 404);
    for (body, part) in [
        (json!({"certificate": wide, "privateKey": narrow_key}), "does not match"),
        (json!({"certificate": "", "privateKey": wide_key}), "holds no certificate"),
        (json!({"certificate": wide, "privateKey": wide_key, "certificateArn": "x"}), "ARN"),
        (json!({"certificate": wide}), "privateKey"),
        (json!({"certificate": wide, "privateKey": wide_key, "more": 1}), "more"),
    ] {
        let answer = admin.send("POST", store, body).await;
        assert_eq!(answer.status, 400);
        assert!(answer.fault().2.contains(part), "{}", answer.fault().2);
    }
    let ca = admin.get("/gatewright/v1/ca/domains").await;
    assert!(ca.bytes.starts_with(b"-----BEGIN CERTIFICATE-----"));
    assert_eq!(admin.get("/gatewright/v1/ca/domains").await.bytes, ca.bytes, "made once");
}
