//! Requests signed by botocore (`make_vectors.py`) verify; with anything
//! changed they do not.
#![allow(clippy::unwrap_used, reason = "tests")]

use gw_sigv4::{Error, Presented, Request, SigningKey, Timestamp, hash_body};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

fn headers(vector: &Value) -> HeaderMap {
    vector["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value.as_str().unwrap()).unwrap())
        })
        .collect()
}

#[test]
fn botocore_vectors() {
    let document: Value = serde_json::from_str(include_str!("vectors.json")).unwrap();
    let secret = document["secret"].as_str().unwrap();
    let stamp = Timestamp::parse_basic(document["now"].as_str().unwrap()).unwrap();
    let vectors = document["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 40);
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().unwrap();
        let headers = headers(vector);
        let request = Request {
            method: text("method"),
            path: text("path"),
            query: text("query"),
            headers: &headers,
            authority: None,
        };
        let presented = Presented::parse(&request).unwrap_or_else(|e| panic!("{e}: {vector}"));
        let credential = &presented.credential;
        assert_eq!(credential.access_key, "AKIDEXAMPLE");
        assert_eq!(credential.service, text("service"));
        assert_eq!(credential.region, text("region"));
        assert_eq!(presented.security_token.as_deref(), vector["token"].as_str());
        let key = SigningKey::for_credential(secret, credential);
        let body = hash_body(text("body").as_bytes());
        let now = stamp.moment() + time::Duration::seconds(299);
        presented.verify(&request, &body, &key, now).unwrap_or_else(|e| panic!("{e}: {vector}"));

        let refused = |request: &Request<'_>, body: &[u8; 32], key: &SigningKey| {
            let error = presented.verify(request, body, key, now).unwrap_err();
            assert!(matches!(error, Error::InvalidSignature(_)), "{vector}");
        };
        refused(&Request { method: "HEAD", ..request }, &body, &key);
        refused(&Request { path: "/other", ..request }, &body, &key);
        let query = format!("{}&x=y", request.query);
        refused(&Request { query: &query, ..request }, &body, &key);
        refused(&request, &hash_body(b"another body"), &key);
        refused(&request, &body, &SigningKey::for_credential("other", credential));
        let mut other = headers.clone();
        other.insert("host", HeaderValue::from_static("elsewhere"));
        refused(&Request { headers: &other, ..request }, &body, &key);
    }
}
