//! Answers of functions: every rule of the format.
#![allow(clippy::unwrap_used, reason = "tests")]

use bytes::Bytes;
use gw_event::{Answer, MAX_PRELUDE, Prelude, function_error};

fn parse(payload: &str) -> Result<Answer<'_>, gw_event::Malformed> {
    Answer::parse(payload.as_bytes())
}

fn headers(answer: &Answer<'_>) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    answer.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

#[test]
fn good_answers() {
    let check = |payload: &str, status: u16, expected: &[(&str, &str)], body: &str| {
        let answer = parse(payload).unwrap_or_else(|error| panic!("{payload}: {error}"));
        assert_eq!(answer.status, status, "{payload}");
        let got = headers(&answer);
        let got: Vec<_> = got.iter().map(|(n, v)| (&**n, &**v)).collect();
        assert_eq!(got, expected, "{payload}");
        assert_eq!(answer.body, body, "{payload}");
    };
    check(r#"{"statusCode":200}"#, 200, &[], "");
    check("{}", 200, &[], "");
    check(r#" {"headers":{"a":"b"}} "#, 200, &[("a", "b")], "");
    check(r#"{"statusCode":"201"}"#, 201, &[], "");
    check(r#"{"statusCode":404.0,"body":"no"}"#, 404, &[], "no");
    check(r#"{"statusCode":null,"headers":null,"body":null,"isBase64Encoded":null}"#, 200, &[], "");
    check(r#"{"multiValueHeaders":null}"#, 200, &[], "");
    check(
        r#"{"headers":{"X-Yes":true,"x-no":false,"x-none":null}}"#,
        200,
        &[("x-yes", "true"), ("x-no", "false")],
        "",
    );
    check(
        r#"{"multiValueHeaders":{"a":["1","2",true,null],"b":null}}"#,
        200,
        &[("a", "1"), ("a", "2"), ("a", "true")],
        "",
    );
    check(
        r#"{"headers":{"test-multi":"value-solo"},"multiValueHeaders":{"tesT-Multi":["value-multi"]}}"#,
        200,
        &[("test-multi", "value-multi"), ("test-multi", "value-solo")],
        "",
    );
    check(r#"{"body":"a\nb\u00e4\ud83d\ude00"}"#, 200, &[], "a\nb\u{e4}\u{1f600}");
    check(r#"{"body":"a","body":"b"}"#, 200, &[], "b");
    check(r#"{"headers":{"x":"é"}}"#, 200, &[("x", "é")], "");
    check(r#"{"isBase64Encoded":"true","body":"YQ=="}"#, 200, &[], "YQ==");
}

#[test]
fn malformed_answers() {
    for payload in [
        "",
        "null",
        "[]",
        "\"text\"",
        "5",
        "true",
        "{",
        "{} {}",
        "not json",
        r#"{"statusCode":200,"wrongValue":"value"}"#,
        r#"{"StatusCode":200}"#,
        r#"{"statusCode":"test"}"#,
        r#"{"statusCode":true}"#,
        r#"{"statusCode":{}}"#,
        r#"{"statusCode":200.5}"#,
        r#"{"statusCode":100}"#,
        r#"{"statusCode":600}"#,
        r#"{"statusCode":99999999999999999999}"#,
        r#"{"body":{"a":1}}"#,
        r#"{"body":5}"#,
        r#"{"body":[]}"#,
        r#"{"isBase64Encoded":1}"#,
        r#"{"isBase64Encoded":"yes"}"#,
        r#"{"headers":[]}"#,
        r#"{"headers":"a"}"#,
        r#"{"headers":{"a":5}}"#,
        r#"{"headers":{"a":{}}}"#,
        r#"{"headers":{"a":["b"]}}"#,
        r#"{"headers":{"a b":"c"}}"#,
        r#"{"headers":{"a":"b\r\nevil: 1"}}"#,
        r#"{"multiValueHeaders":{"a":"b"}}"#,
        r#"{"multiValueHeaders":{"a":[5]}}"#,
        r#"{"multiValueHeaders":[]}"#,
        r#"{"cookies":["a=b"]}"#,
        r#"{"errorMessage":"boom","errorType":"Error"}"#,
    ] {
        assert!(parse(payload).is_err(), "{payload}");
    }
    let deep = format!("{{\"headers\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(parse(&deep).is_err());
    let headers = |count: usize| {
        let each: Vec<_> = (0..count).map(|n| format!("\"x-{n}\":\"v\"")).collect();
        format!("{{\"headers\":{{{}}}}}", each.join(","))
    };
    assert_eq!(parse(&headers(1000)).unwrap().headers.len(), 1000);
    // A map of headers would end before these do.
    assert_eq!(parse(&headers(40_000)).unwrap_err().to_string(), "more than 1000 headers");
    assert!(Answer::parse(b"{\"body\":\"\xff\"}").is_err());
}

#[test]
fn bodies() {
    let check = |payload: &str, accepts: bool, expected: Option<&[u8]>| {
        let body = parse(payload).unwrap().into_body(accepts).ok();
        assert_eq!(body.as_deref(), expected, "{payload} {accepts}");
    };
    let encoded = r#"{"body":"/wA=","isBase64Encoded":true}"#;
    check(encoded, true, Some(b"\xff\0"));
    check(encoded, false, Some(b"/wA="));
    check(r#"{"body":"/wA","isBase64Encoded":true}"#, true, Some(b"\xff\0"));
    check(r#"{"body":"/wA=","isBase64Encoded":false}"#, true, Some(b"/wA="));
    check(r#"{"body":"???","isBase64Encoded":true}"#, true, None);
    check(r#"{"isBase64Encoded":true}"#, true, Some(b""));
}

#[test]
fn errors_of_functions() {
    assert_eq!(function_error(br#"{"errorMessage":"a","x":[1]}"#).as_deref(), Some("a"));
    assert_eq!(function_error(br#"{"errorMessage":5}"#), None);
    assert_eq!(function_error(b"x"), None);
}

const HEAD: &str = r#"{"statusCode":201,"headers":{"a":"1"},"multiValueHeaders":{"a":["0"]},"cookies":["c=d","e=f"]}"#;

fn streamed(head: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = head.as_bytes().to_vec();
    bytes.extend_from_slice(&[0; 8]);
    bytes.extend_from_slice(body);
    bytes
}

#[test]
fn heads_arrive_in_any_pieces() {
    let whole = streamed(HEAD, b"\0body");
    for size in [1, 2, 7, HEAD.len(), HEAD.len() + 3, HEAD.len() + 8, whole.len()] {
        let mut prelude = Prelude::default();
        let mut body = Vec::new();
        let mut found = None;
        for piece in whole.chunks(size).map(Bytes::copy_from_slice) {
            match found {
                Some(_) => body.extend_from_slice(&piece),
                None => {
                    if let Some((answer, rest)) = prelude.feed(&piece).unwrap() {
                        body.extend_from_slice(&rest);
                        found = Some(answer);
                    }
                }
            }
        }
        let answer = found.unwrap();
        assert_eq!(answer.status, 201);
        let expected = [("a", "0"), ("a", "1"), ("set-cookie", "c=d"), ("set-cookie", "e=f")];
        let got = headers(&answer);
        assert!(got.iter().map(|(n, v)| (&**n, &**v)).eq(expected), "{got:?}");
        assert_eq!(body, b"\0body", "pieces of {size}");
    }
}

#[test]
fn heads_that_are_none() {
    let feed = |bytes: Vec<u8>| Prelude::default().feed(&Bytes::from(bytes));
    assert!(feed(streamed("", b"x")).is_err());
    assert!(feed(streamed("[]", b"x")).is_err());
    assert!(feed(streamed(r#"{"body":"x"}"#, b"")).is_err());
    assert!(feed(streamed(r#"{"isBase64Encoded":true}"#, b"")).is_err());
    assert!(feed(streamed(r#"{"unknown":1}"#, b"")).is_err());
    assert!(feed(b"{}\0\0\0\0x".to_vec()).is_err());
    assert!(feed(vec![b' '; MAX_PRELUDE]).is_err());
    assert_eq!(feed(vec![b' '; MAX_PRELUDE - 1]), Ok(None));
    assert_eq!(feed(b"{}\0\0\0\0\0\0\0".to_vec()), Ok(None));
    let long = format!("{{{}}}", " ".repeat(MAX_PRELUDE - 10));
    assert!(feed(streamed(&long, b"x")).unwrap().is_some());
    let longer = format!("{{{}}}", " ".repeat(MAX_PRELUDE - 9));
    assert!(feed(streamed(&longer, b"x")).is_err());
}

#[test]
fn a_streamed_answer_without_streaming_has_no_body() {
    let whole = streamed(HEAD, b"body");
    let answer = Answer::parse(&whole).unwrap();
    assert_eq!((answer.status, &*answer.body), (201, ""));
}
