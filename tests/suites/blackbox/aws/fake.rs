//! AWS as the nodes see it: one address for all services, which verifies every
//! signature and answers each service's form.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use gw_sigv4::{Presented, Request as Signed, SigningKey, hash_body};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use time::{Duration as Span, OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::net::TcpListener;

/// Access keys that may sign, their secrets and tokens.
const KEYS: [(&str, &str, Option<&str>); 3] = [
    ("AKNODE", "secret-of-the-node", None),
    ("AKREADER", "secret-of-the-reader", None),
    ("ASIAORDERS", "secret-of-the-session", Some("token/of+the=session")),
];

/// A request that came in, its signature verified.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) access_key: String,
    pub(super) region: String,
    pub(super) service: String,
    pub(super) method: String,
    /// With its query.
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The fake.
#[derive(Debug, Clone)]
pub(super) struct Aws {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Aws {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let aws = Self { address, seen: Arc::default() };
        let fake = aws.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let fake = fake.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| answer(&fake, request));
                    let connection = hyper::server::conn::http1::Builder::new();
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        aws
    }

    /// The requests to a service since the last call.
    pub(super) fn take(&self, service: &str) -> Vec<Seen> {
        let mut seen = self.seen.lock().unwrap();
        let (taken, rest) = seen.drain(..).partition(|one| one.service == service);
        *seen = rest;
        taken
    }

    /// The only request to a service since the last call.
    #[track_caller]
    pub(super) fn one(&self, service: &str) -> Seen {
        let mut seen = self.take(service);
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }
}

async fn answer(aws: &Aws, request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let signed = Signed {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &head.headers,
        authority: None,
    };
    let presented = match verify(&signed, &body) {
        Ok(presented) => presented,
        Err(reason) => return Ok(reply(403, "text/plain", &[], reason)),
    };
    let seen = Seen {
        access_key: presented.credential.access_key,
        region: presented.credential.region,
        service: presented.credential.service,
        method: head.method.to_string(),
        path,
        body: String::from_utf8_lossy(&body).into_owned(),
        headers: head.headers,
    };
    let response = match seen.service.as_str() {
        "sts" => sts(&seen),
        "sqs" => sqs(&seen),
        "dynamodb" => {
            let json = "application/x-amz-json-1.0";
            reply(200, json, &[], r#"{"Item":{"id":{"S":"7"},"name":{"S":"Grace"}}}"#)
        }
        "ssm" => {
            let json = "application/x-amz-json-1.1";
            let id = [("x-amzn-requestid", "r1")];
            reply(200, json, &id, r#"{"Parameter":{"Value":"blue"}}"#)
        }
        "s3" if seen.method == "GET" => reply(200, "image/png", &[], "bytes of the object"),
        "lambda" => lambda(&seen).await,
        _ => reply(200, "application/json", &[], "{}"),
    };
    aws.seen.lock().unwrap().push(seen);
    Ok(response)
}

fn verify(request: &Signed<'_>, body: &[u8]) -> Result<Presented, String> {
    let presented = Presented::parse(request).map_err(|error| error.to_string())?;
    let known = KEYS.iter().find(|(key, ..)| *key == presented.credential.access_key);
    let (_, secret, token) =
        known.ok_or("The security token included in the request is invalid.")?;
    if presented.security_token.as_deref() != *token {
        return Err("another session token".to_owned());
    }
    let key = SigningKey::for_credential(secret, &presented.credential);
    let now = OffsetDateTime::now_utc();
    presented.verify(request, &hash_body(body), &key, now).map_err(|error| error.to_string())?;
    Ok(presented)
}

fn sts(seen: &Seen) -> Response<Full<Bytes>> {
    if !seen.body.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Forders") {
        let error = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        return reply(403, "text/xml", &[], error);
    }
    let (key, secret, token) = KEYS[2];
    let end = (OffsetDateTime::now_utc() + Span::hours(1)).format(&Rfc3339).unwrap();
    let token = token.unwrap_or_default();
    let xml = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
         <Credentials><SessionToken>{token}</SessionToken><SecretAccessKey>{secret}</SecretAccessKey>\
         <Expiration>{end}</Expiration><AccessKeyId>{key}</AccessKeyId></Credentials>\
         </AssumeRoleResult></AssumeRoleResponse>"
    );
    reply(200, "text/xml", &[], xml)
}

fn sqs(seen: &Seen) -> Response<Full<Bytes>> {
    let said = format!("{}{}", seen.path, seen.body);
    if said.contains("missing") {
        let code = "AWS.SimpleQueueService.NonExistentQueue";
        let xml = format!(
            "<?xml version=\"1.0\"?><ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>There is no &quot;queue&quot;.</Message></Error><RequestId>r2</RequestId></ErrorResponse>"
        );
        return reply(400, "text/xml", &[], xml);
    }
    if said.contains("bomb") {
        let xml = "<!DOCTYPE a [<!ENTITY a \"b\">]><a>&a;</a>";
        return reply(200, "text/xml", &[], xml);
    }
    let xml = "<SendMessageResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">\
               <SendMessageResult><MD5OfMessageBody>5d41</MD5OfMessageBody><MessageId>m-1</MessageId>\
               </SendMessageResult><ResponseMetadata><RequestId>r1</RequestId></ResponseMetadata>\
               </SendMessageResponse>";
    reply(200, "text/xml;charset=UTF-8", &[], xml)
}

async fn lambda(seen: &Seen) -> Response<Full<Bytes>> {
    let json = "application/json";
    if seen.path.contains("function%3Adenied") {
        let error = r#"{"__type":"AccessDeniedException","Message":"User is not authorized"}"#;
        return reply(403, json, &[], error);
    }
    if seen.path.contains("function%3Aslow") {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    if seen.path.contains("function%3Athrottled") {
        return reply(
            429,
            json,
            &[],
            r#"{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"}"#,
        );
    }
    if seen.header("x-amz-invocation-type") == "Event" {
        return reply(202, json, &[], "");
    }
    if seen.body.contains("raise") {
        let error = r#"{"errorMessage":"Not found: order 7","errorType":"NotFound"}"#;
        return reply(200, json, &[("x-amz-function-error", "Unhandled")], error);
    }
    reply(200, json, &[], format!(r#"{{"got":{}}}"#, seen.body))
}

fn reply(
    status: u16,
    media_type: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(status).header("content-type", media_type);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Full::new(body.into())).unwrap()
}
