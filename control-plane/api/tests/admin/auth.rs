//! Who is let in.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use axum::body::Body;
use gw_api::RegionRule;
use gw_sigv4::{Signer, hash_body, presign};
use http::{HeaderMap, HeaderValue, Request};
use time::{Duration, OffsetDateTime};

use crate::harness::{ACCOUNT, Admin};

#[tokio::test]
async fn signatures() {
    let admin = Admin::start().await;
    let now = OffsetDateTime::now_utc();
    let good = admin.signer();
    let cases: [(Signer<'_>, i64, u16, &str); 7] = [
        (good, 0, 200, ""),
        (Signer { service: "execute-api", ..good }, 0, 200, ""),
        (Signer { secret: "other", ..good }, 0, 403, "InvalidSignatureException"),
        (Signer { access_key: "AKIAOTHER", ..good }, 0, 403, "UnrecognizedClientException"),
        (Signer { service: "s3", ..good }, 0, 403, "InvalidSignatureException"),
        (Signer { security_token: Some("t"), ..good }, 0, 403, "UnrecognizedClientException"),
        (good, -301, 403, "InvalidSignatureException"),
    ];
    for (signer, seconds, status, code) in cases {
        let then = now + Duration::seconds(seconds);
        let answer = admin.signed(&signer, "GET", "/restapis", "".into(), then).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-amzn-errortype")), (status, code));
        assert_eq!(answer.header("x-amzn-requestid").len(), 36);
        assert!(seconds == 0 || answer.fault().2.starts_with("Signature expired: "));
    }
}

#[tokio::test]
async fn presigned_bearer_and_nothing() {
    let admin = Admin::start().await;
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("admin.test"));
    let plain = gw_sigv4::Request {
        method: "GET",
        path: "/restapis",
        query: "limit=5",
        headers: &headers,
        authority: None,
    };
    let now = OffsetDateTime::now_utc();
    let query = presign(&plain, &hash_body(b""), &admin.signer(), 60, now);
    let get = |target: String| Request::get(target).header("host", "admin.test");
    let request = get(format!("/restapis?{query}")).body(Body::empty()).unwrap();
    assert_eq!(admin.raw(request).await.status, 200);
    let request = get(format!("/restapis?{query}&x=y")).body(Body::empty()).unwrap();
    assert_eq!(admin.raw(request).await.fault().1, "InvalidSignatureException");

    let token = &*admin.credentials.bearer_token;
    let identity = "/gatewright/v1/identity".to_owned();
    let bearer = |token: &str| {
        get(identity.clone())
            .header("authorization", format!("Bearer {token}"))
            .header("x-gatewright-region", "eu-west-1")
            .body(Body::empty())
            .unwrap()
    };
    let who = admin.raw(bearer(token)).await.expect(200);
    assert_eq!(who["arn"], format!("arn:aws:iam::{ACCOUNT}:user/admin"));
    assert_eq!(
        (who["accountId"].as_str(), who["region"].as_str()),
        (Some(ACCOUNT), Some("eu-west-1"))
    );
    for bad in ["", "gwt1.x.y", "x", &format!("{token}x")] {
        let answer = admin.raw(bearer(bad)).await;
        assert_eq!(
            answer.fault(),
            (
                403,
                "UnrecognizedClientException",
                "The security token included in the request is invalid.".to_owned()
            )
        );
    }
    let answer = admin.raw(get("/restapis".into()).body(Body::empty()).unwrap()).await;
    assert_eq!(
        answer.fault(),
        (403, "MissingAuthenticationTokenException", "Missing Authentication Token".to_owned())
    );
}

#[tokio::test]
async fn one_fixed_region_and_regions_apart() {
    let fixed = Admin::with_region(RegionRule::parse("us-east-1")).await;
    assert_eq!(fixed.get("/restapis").await.status, 200);
    let other = Signer { region: "eu-west-1", ..fixed.signer() };
    let now = OffsetDateTime::now_utc();
    let answer = fixed.signed(&other, "GET", "/restapis", "".into(), now).await;
    assert_eq!(answer.fault().2, "Credential should be scoped to a valid region, not 'eu-west-1'.");

    let admin = Admin::start().await;
    let (api, _) = admin.api().await;
    let other = Signer { region: "eu-west-1", ..admin.signer() };
    let path = format!("/restapis/{api}");
    assert_eq!(admin.signed(&other, "GET", &path, "".into(), now).await.status, 404);
}

#[tokio::test]
async fn a_body_that_was_changed_or_is_too_large() {
    let admin = Admin::start().await;
    let large = vec![b' '; 1024 * 1024 + 1];
    let answer = admin.call("POST", "/restapis", large.clone()).await;
    assert_eq!((answer.fault().0, answer.fault().1), (413, "RequestEntityTooLargeException"));
    // Imports may be larger; this one is only no document.
    let answer = admin.call("POST", "/restapis?mode=import", large).await;
    assert_eq!((answer.fault().0, answer.fault().1), (400, "BadRequestException"));
    let huge = vec![b' '; 6 * 1024 * 1024 + 1];
    let answer = admin.call("POST", "/restapis?mode=import", huge.clone()).await;
    assert_eq!(answer.fault().0, 413);
    let answer = admin.call("POST", "/restapis?mode=import&gatewright=adapt", huge).await;
    assert_eq!(answer.fault().0, 400);
}

/// SDKs write a whole body before they look for the answer.
#[tokio::test]
async fn a_body_that_is_too_large_is_read_before_it_is_refused() {
    let admin = Admin::start().await;
    let signed = |length: usize| {
        let token = format!("Bearer {}", &*admin.credentials.bearer_token);
        Request::post("/restapis").header("authorization", token).header("content-length", length)
    };
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let pieces = (0..48).map(move |_| {
        count.fetch_add(1, SeqCst);
        Ok::<_, io::Error>(vec![b' '; 64 * 1024])
    });
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let refused = admin.raw(signed(48 * 64 * 1024).body(body).unwrap()).await;
    assert_eq!((refused.fault().0, taken.load(SeqCst)), (413, 48));
    // Who waits for leave to send does not get it, and is not waited for.
    let body = Body::from_stream(futures_util::stream::pending::<io::Result<Vec<u8>>>());
    let request = signed(1 << 30).header("expect", "100-continue").body(body).unwrap();
    let refused = tokio::time::timeout(std::time::Duration::from_secs(60), admin.raw(request));
    assert_eq!(refused.await.unwrap().fault().0, 413);
}
