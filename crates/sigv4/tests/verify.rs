//! AWS's documented examples, AWS's error texts, and properties.
#![allow(clippy::unwrap_used, reason = "tests")]

use gw_sigv4::{
    Error, Form, Presented, Request, Signer, SigningKey, Timestamp, hash_body, presign, sign,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use time::{Duration, OffsetDateTime};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            )
        })
        .collect()
}

fn get<'a>(headers: &'a HeaderMap, query: &'a str) -> Request<'a> {
    Request { method: "GET", path: "/", query, headers, authority: None }
}

fn at(text: &str) -> OffsetDateTime {
    Timestamp::parse_basic(text).unwrap().moment()
}

#[test]
fn derived_key_of_the_documentation() {
    let key = SigningKey::derive(SECRET, "20150830", "us-east-1", "iam");
    assert_eq!(
        hex::encode(key.as_bytes()),
        "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
    );
}

#[test]
fn documented_examples() {
    let list_users = headers(&[
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("host", "iam.amazonaws.com"),
        ("x-amz-date", "20150830T123600Z"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        ),
    ]);
    let vanilla = headers(&[
        ("host", "example.amazonaws.com"),
        ("x-amz-date", "20150830T123600Z"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
    ]);
    let requests = [get(&list_users, "Action=ListUsers&Version=2010-05-08"), get(&vanilla, "")];
    for request in requests {
        let presented = Presented::parse(&request).unwrap();
        let key = SigningKey::for_credential(SECRET, &presented.credential);
        presented.verify(&request, &hash_body(b""), &key, at("20150830T123600Z")).unwrap();
    }
}

/// Headers, exception, message.
type Refused<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

#[test]
fn malformed_authorization() {
    let full = "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=host, \
                Signature=00";
    let date = ("x-amz-date", "20150830T123600Z");
    let table: &[Refused<'_>] = &[
        (&[], "MissingAuthenticationTokenException", "Missing Authentication Token"),
        (
            &[("authorization", "abc"), date],
            "IncompleteSignatureException",
            "'abc' not a valid key=value pair (missing equal-sign) in Authorization header: 'abc'.",
        ),
        (
            &[("authorization", "a=b")],
            "IncompleteSignatureException",
            "Authorization header requires 'Credential' parameter. Authorization header requires \
             'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. \
             Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. \
             Authorization=a=b",
        ),
        (
            &[
                ("authorization", "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host, Signature=0"),
                date,
            ],
            "IncompleteSignatureException",
            "Credential must have exactly 5 slash-delimited elements, e.g. \
             keyid/date/region/service/term, got 'x'",
        ),
        (
            &[("authorization", "AWS4-ECDSA-P256-SHA256 Credential=x"), date],
            "IncompleteSignatureException",
            "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'.",
        ),
        (
            &[("authorization", full), ("x-amz-date", "today")],
            "IncompleteSignatureException",
            "Date must be in ISO-8601 'basic format'. Got 'today'. \
             See http://en.wikipedia.org/wiki/ISO_8601",
        ),
        (
            &[("authorization", full), ("x-amz-date", "20150831T123600Z")],
            "InvalidSignatureException",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
             HTTP: '20150830' != '20150831', from '20150831T123600Z'.",
        ),
        (
            &[
                (
                    "authorization",
                    "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/x, SignedHeaders=host, Signature=0",
                ),
                date,
            ],
            "InvalidSignatureException",
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'x'.",
        ),
        (
            &[
                (
                    "authorization",
                    "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=date, Signature=0",
                ),
                date,
            ],
            "InvalidSignatureException",
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ),
    ];
    for (pairs, code, message) in table {
        let error = Presented::parse(&get(&headers(pairs), "")).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (*code, *message));
    }
}

#[test]
fn malformed_queries() {
    let empty = HeaderMap::new();
    let base = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20150830%2Fr%2Fs%2Faws4_request\
                &X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Signature=00";
    assert_eq!(Presented::parse(&get(&empty, base)).unwrap().form, Form::Query { expires: None });
    for (query, message) in [
        (
            "X-Amz-Signature=00".to_owned(),
            "AWS query-string parameters must include 'X-Amz-Algorithm'. AWS query-string \
             parameters must include 'X-Amz-Credential'. AWS query-string parameters must include \
             'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. \
             Re-examine the query-string parameters.",
        ),
        (base.replace("SHA256&", "SHA1&"), "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'."),
        (format!("{base}&X-Amz-Expires=x"), "X-Amz-Expires should be a number"),
        (
            format!("{base}&X-Amz-Expires=604801"),
            "X-Amz-Expires must be less than a week in seconds; i.e. the given X-Amz-Expires must \
             be less than 604800 seconds",
        ),
        (
            format!("{base}&X-Amz-Signature=11"),
            "AWS query-string parameters must include 'X-Amz-Signature' only once.",
        ),
        (
            format!("{base}&X%2DAmz-Signature=11"),
            "AWS query-string parameters must include 'X-Amz-Signature' only once.",
        ),
        (
            format!("X-Amz-Date=20150830T123600Z&{base}"),
            "AWS query-string parameters must include 'X-Amz-Date' only once.",
        ),
    ] {
        assert_eq!(Presented::parse(&get(&empty, &query)).unwrap_err().to_string(), message);
    }
}

fn signer() -> Signer<'static> {
    Signer {
        access_key: "AKIDEXAMPLE",
        secret: SECRET,
        security_token: None,
        region: "us-east-1",
        service: "apigateway",
    }
}

#[test]
fn time_limits() {
    let host = headers(&[("host", "h")]);
    let made = at("20260101T001000Z");
    let mut signed = host.clone();
    signed.extend(
        sign(&get(&host, ""), &hash_body(b""), &signer(), made)
            .unwrap()
            .into_iter()
            .map(|(name, value)| (Some(name), value)),
    );
    let request = get(&signed, "");
    let presented = Presented::parse(&request).unwrap();
    let key = SigningKey::for_credential(SECRET, &presented.credential);
    let verdict = |seconds: i64| {
        let now = made + Duration::seconds(seconds);
        presented.verify(&request, &hash_body(b""), &key, now).map_err(|e| e.to_string())
    };
    assert_eq!(verdict(300), Ok(()));
    assert_eq!(verdict(-300), Ok(()));
    assert_eq!(
        verdict(301).unwrap_err(),
        "Signature expired: 20260101T001000Z is now earlier than 20260101T001001Z \
         (20260101T001501Z - 5 min.)"
    );
    assert_eq!(
        verdict(-301).unwrap_err(),
        "Signature not yet current: 20260101T001000Z is still later than 20260101T000959Z \
         (20260101T000459Z + 5 min.)"
    );
    let query = presign(&get(&host, "a=b"), &hash_body(b""), &signer(), 60, made);
    let request = get(&host, &query);
    let presented = Presented::parse(&request).unwrap();
    let verdict = |seconds: i64| {
        let now = made + Duration::seconds(seconds);
        presented.verify(&request, &hash_body(b""), &key, now).map_err(|e| e.to_string())
    };
    assert_eq!(verdict(60), Ok(()));
    assert_eq!(
        verdict(61).unwrap_err(),
        "Signature expired: 20260101T001100Z is now earlier than 20260101T001101Z"
    );
}

proptest! {
    #[test]
    fn signs_what_it_verifies(
        path in "(/[A-Za-z0-9%._~{}-]{0,8}){0,4}",
        query in "([a-zA-Z0-9%._~+/-]{0,6}=?[a-z0-9%/=]{0,6}&?){0,4}",
        body in any::<Vec<u8>>(),
        extra in "[ -~]{0,20}",
        token in proptest::option::of("[A-Za-z0-9/+=]{1,30}"),
        seconds in 0_i64..4_000_000_000,
    ) {
        let now = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let mut all = headers(&[("host", "h:1"), ("x-amz-extra", &extra)]);
        let signer = Signer { security_token: token.as_deref(), ..signer() };
        let request = Request { method: "PUT", path: &path, query: &query, headers: &all, authority: None };
        let hash = hash_body(&body);
        let presigned = presign(&request, &hash, &signer, 10, now);
        let added = sign(&request, &hash, &signer, now).unwrap();

        let request = Request { query: &presigned, ..request };
        let presented = Presented::parse(&request).unwrap();
        let key = SigningKey::for_credential(SECRET, &presented.credential);
        prop_assert_eq!(presented.verify(&request, &hash, &key, now), Ok(()));

        all.extend(added.into_iter().map(|(name, value)| (Some(name), value)));
        let request = Request { method: "PUT", path: &path, query: &query, headers: &all, authority: None };
        let presented = Presented::parse(&request).unwrap();
        prop_assert_eq!(presented.verify(&request, &hash, &key, now), Ok(()));
        prop_assert_eq!(presented.security_token, token);
        let other = Request { method: "POST", ..request };
        let presented = Presented::parse(&other).unwrap();
        let refused = presented.verify(&other, &hash, &key, now);
        prop_assert!(matches!(refused, Err(Error::InvalidSignature(_))));
    }

    #[test]
    fn never_panics(
        method in ".{0,8}",
        path in ".{0,40}",
        query in prop_oneof![".{0,80}", "(X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature)=[AWS4HMACsh256/%0-9TZ-]{0,24}&){0,8}"],
        authorization in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..80),
            "AWS4-HMAC-SHA256 Credential=.{0,20}/20150830/r/s/aws4_request, ?SignedHeaders=host[;a-z]{0,5}, ?Signature=[0-9a-z]{0,70}".prop_map(String::into_bytes),
        ],
        date in prop_oneof![".{0,20}", Just("20150830T123600Z".to_owned()), "[0-9]{8}T[0-9]{6}Z"],
        seconds in -300_000_000_000_i64..250_000_000_000,
    ) {
        let mut all = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_bytes(&authorization) {
            all.insert("authorization", value);
        }
        if let Ok(value) = HeaderValue::from_bytes(date.as_bytes()) {
            all.insert("x-amz-date", value);
        }
        for headers in [&all, &HeaderMap::new()] {
            let request = Request { method: &method, path: &path, query: &query, headers, authority: None };
            if let Ok(presented) = Presented::parse(&request) {
                let key = SigningKey::for_credential(SECRET, &presented.credential);
                if let Ok(now) = OffsetDateTime::from_unix_timestamp(seconds) {
                    let verdict = presented.verify(&request, &hash_body(b""), &key, now);
                    prop_assert!(verdict.is_err());
                }
            }
        }
    }
}
