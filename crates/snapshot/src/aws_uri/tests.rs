//! Every form of integration URI.

#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

fn uri(service: &str, rest: &str) -> String {
    format!("arn:aws:apigateway:us-east-1:{service}:{rest}")
}

/// Path and query with every place but `none` filled.
fn filled(text: &AwsText, is_query: bool) -> Option<String> {
    text.fill(is_query, |name| (name != "none").then_some("v+%2F&"))
}

fn check_path(service: &str, path: &str, expected: &str) {
    let parsed = AwsUri::parse(&uri(service, &format!("path/{path}"))).unwrap();
    let AwsCall::Path(text) = &parsed.call else { panic!("{path} is no path") };
    assert_eq!(filled(text, false).as_deref(), Some(expected), "{path}");
}

#[test]
fn paths() {
    check_path("s3", "bucket/key", "/bucket/key");
    check_path("s3", "{bucket}/{key}", "/v+%2F&/v+%2F&");
    check_path("s3", "//bucket", "/bucket");
    check_path("s3", "", "/");
    check_path("s3", "/", "/");
    check_path("s3", "b?prefix={p}&x=1", "/b?prefix=v%2B%2F%26&x=1");
    check_path("sqs", "123456789012/orders", "/123456789012/orders");
    check_path("lambda", "2015-03-31/functions", "/2015-03-31/functions");
    let text = AwsText::of_path("{none}").unwrap();
    assert_eq!((filled(&text, false), text.fixed()), (None, None));
    let places = AwsUri::parse(&uri("s3", "path/{a}/{b}")).unwrap();
    assert_eq!(places.places().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn actions() {
    let parsed = AwsUri::parse(&uri("sqs", "action/SendMessage&A=b%20c&Q={q}&Flag")).unwrap();
    let AwsCall::Action { name, parameters } = &parsed.call else { panic!("no action") };
    assert_eq!(&**name, "SendMessage");
    let pairs: Vec<_> =
        parameters.iter().map(|(name, value)| (&**name, filled(value, true).unwrap())).collect();
    let expected =
        [("A", "b%20c"), ("Q", "v%2B%2F%26"), ("Flag", "")].map(|(n, v)| (n, v.to_owned()));
    assert_eq!(pairs, expected);
    assert_eq!(parsed.places().collect::<Vec<_>>(), ["q"]);
    assert_eq!((&*parsed.partition, &*parsed.region), ("aws", "us-east-1"));
}

#[test]
fn actions_of_s3_are_paths() {
    for (action, expected) in [
        ("GetObject&Bucket={b}&Key={k}", "/v+%2F&/v+%2F&"),
        ("GetObject&Key=k&Bucket=b&versionId={v}", "/b/k?versionId=v%2B%2F%26"),
        ("ListObjectsV2&Bucket=b&prefix=p", "/b?list-type=2&prefix=p"),
        ("ListBuckets", "/"),
    ] {
        let parsed = AwsUri::parse(&uri("s3", &format!("action/{action}"))).unwrap();
        let AwsCall::Path(text) = &parsed.call else { panic!("{action} is no path") };
        assert_eq!(filled(text, false).as_deref(), Some(expected), "{action}");
    }
    let refused = AwsUri::parse(&uri("s3", "action/PutBucketAcl&Bucket=b")).unwrap_err();
    assert!(refused.reason.contains("use path/"), "{refused}");
    assert!(AwsUri::parse(&uri("lambda", "action/Invoke")).is_err());
}

#[test]
fn subdomains() {
    let parsed = AwsUri::parse(&uri("abc.appsync-api", "path/graphql")).unwrap();
    assert_eq!((parsed.subdomain.as_deref(), parsed.service.name), (Some("abc"), "appsync-api"));
    let parsed = AwsUri::parse(&uri("api.ecr", "action/ListImages")).unwrap();
    assert_eq!((parsed.subdomain.as_deref(), parsed.service.name), (None, "api.ecr"));
    let parsed = AwsUri::parse("arn:aws-cn:apigateway:cn-north-1:s3:path/b").unwrap();
    assert_eq!((&*parsed.partition, &*parsed.region), ("aws-cn", "cn-north-1"));
}

#[test]
fn functions() {
    let target = |rest: String| match AwsUri::parse(&uri("lambda", &rest)).unwrap().call {
        AwsCall::Lambda(target) => target,
        other => panic!("{other:?}"),
    };
    let plain = target(format!("path/2015-03-31/functions/{FUNCTION}/invocations"));
    assert_eq!((&*plain.function, plain.qualifier.as_deref()), ("f", None));
    assert_eq!((&*plain.account, &*plain.region), ("123456789012", "us-east-1"));
    assert!(!plain.is_streaming);
    let encoded = "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af";
    assert_eq!(&*plain.path, format!("/2015-03-31/functions/{encoded}/invocations"));
    let alias = target(format!("path//2015-03-31/functions/{FUNCTION}:live/invocations"));
    assert_eq!((&*alias.function, alias.qualifier.as_deref()), ("f", Some("live")));
    assert_eq!(&*alias.arn, format!("{FUNCTION}:live"));
    let stream = format!("path/2021-11-15/functions/{FUNCTION}:1/response-streaming-invocations");
    assert!(target(stream).is_streaming);
}

#[test]
fn no_addresses() {
    for bad in [
        "",
        "http://example.com/",
        "arn:aws:apigateway:us-east-1:s3",
        "arn:aws:apigateway:us-east-1:s3:",
        "arn:aws:apigateway:us-east-1:s3:bucket/key",
        "arn:aws:apigateway:us-east-1:nothing:path/x",
        "arn:aws:apigateway::s3:path/x",
        "arn::apigateway:us-east-1:s3:path/x",
        "arn:aws:execute-api:us-east-1:s3:path/x",
        "arn:aws:apigateway:us-east-1:a/b.s3:path/x",
        "arn:aws:apigateway:us-east-1:.s3:path/x",
        "arn:aws:apigateway:us-east-1:s3:path/{x",
        "arn:aws:apigateway:us-east-1:s3:path/x}",
        "arn:aws:apigateway:us-east-1:s3:path/{}",
        "arn:aws:apigateway:us-east-1:s3:path/a b",
        "arn:aws:apigateway:us-east-1:s3:path/a\r\nx: y",
        "arn:aws:apigateway:us-east-1:sqs:action/",
        "arn:aws:apigateway:us-east-1:sqs:action/{x}",
        "arn:aws:apigateway:us-east-1:sqs:action/A&{x}=1",
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions//invocations",
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations",
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:f/invocations",
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1::function:f/invocations",
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:f:/invocations",
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:/invocations",
    ] {
        assert!(AwsUri::parse(bad).is_err(), "{bad}");
    }
}

proptest! {
    /// No text makes it panic, and what is filled has no character that would
    /// end a request line.
    #[test]
    fn any_text(rest in "(path|action)/[ -~]{0,40}", service in "(s3|sqs|lambda|[a-z.]{0,8})") {
        if let Ok(parsed) = AwsUri::parse(&uri(&service, &rest))
            && let AwsCall::Path(text) = &parsed.call
        {
            let line = text.fill(false, |_| Some("x")).unwrap();
            prop_assert!(line.starts_with('/') && !line.contains([' ', '\r', '\n']));
        }
    }
}
