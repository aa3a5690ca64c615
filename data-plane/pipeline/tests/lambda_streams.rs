//! AWS_PROXY with streamed answers: a Lambda of the test's own sends frames,
//! the client reads while the function still writes.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::net::SocketAddr;

use bytes::Bytes;
use gw_model::{HttpMethod::Get, Integration, IntegrationType, Method};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use support::*;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

const INTERNAL: &str = r#"{"message": "Internal server error"}"#;
const URI: &str = "arn:aws:apigateway:us-east-1:lambda:path/2021-11-15/functions/\
                   arn:aws:lambda:us-east-1:000000000000:function:hello/response-streaming-invocations";

fn streaming(timeout_ms: u32) -> Method {
    let mut integration = Integration::of_kind(IntegrationType::AwsProxy);
    integration.uri = Some(URI.to_owned());
    integration.http_method = Some("POST".to_owned());
    integration.response_transfer_mode = Some("STREAM".to_owned());
    integration.timeout_ms = timeout_ms;
    Method { integration: Some(integration), ..Method::default() }
}

fn chunk(payload: &[u8]) -> Vec<u8> {
    gw_event::frame("PayloadChunk", "application/octet-stream", payload).into()
}

fn complete(payload: &str) -> Vec<u8> {
    gw_event::frame("InvokeComplete", "application/json", payload.as_bytes()).into()
}

/// A Lambda that sends to its one caller what it is given, and ends with it.
async fn lambda() -> (SocketAddr, mpsc::Sender<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, mut pieces) = mpsc::channel::<Vec<u8>>(16);
    tokio::task::spawn_local(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 16 * 1024];
        let _ = stream.read(&mut request).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        while let Some(piece) = pieces.recv().await {
            let size = format!("{:x}\r\n", piece.len());
            let _ = stream.write_all(&[size.as_bytes(), &piece, b"\r\n"].concat()).await;
        }
        let _ = stream.write_all(b"0\r\n\r\n").await;
    });
    (address, sender)
}

async fn gateway(address: SocketAddr, method: Method) -> Gateway {
    support::lambda::gateway(address, vec![stage(&api(vec![("/x", Get, method)]))]).await
}

async fn open(gateway: &Gateway) -> http::Response<hyper::body::Incoming> {
    try_open(gateway).await.unwrap()
}

async fn try_open(gateway: &Gateway) -> hyper::Result<http::Response<hyper::body::Incoming>> {
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::task::spawn_local(connection);
    sender.send_request(request("GET", "/x").body(Empty::<Bytes>::new()).unwrap()).await
}

#[test]
fn the_client_reads_while_the_function_writes() {
    on_core(async {
        let (address, lambda) = lambda().await;
        let gateway = gateway(address, streaming(60_000)).await;
        let head = br#"{"statusCode":206,"headers":{"X-A":"1"},"cookies":["a=b","c=d"]}"#;
        lambda.send(chunk(&head[..20])).await.unwrap();
        lambda.send(chunk(&[&head[20..], &[0; 8], b"first"].concat())).await.unwrap();
        let mut response = open(&gateway).await;
        assert_eq!(response.status().as_u16(), 206);
        let headers = response.headers();
        assert_eq!(headers["x-a"], "1");
        assert_eq!(headers["transfer-encoding"], "chunked");
        assert_eq!(headers["content-type"], "application/json");
        assert!(headers.contains_key("x-amzn-trace-id"));
        let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=b", "c=d"]);
        // The function has not ended: nothing more has been sent.
        let first = response.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first, "first");
        lambda.send(chunk(b"second")).await.unwrap();
        let second = response.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(second, "second");
        lambda.send(complete("{}")).await.unwrap();
        assert!(response.frame().await.is_none());
    });
}

/// The whole answer to a function that writes this; no body for a client that
/// saw it break off, perhaps before it had the status.
async fn answer(pieces: Vec<Vec<u8>>) -> (u16, Option<String>) {
    let (address, lambda) = lambda().await;
    let gateway = gateway(address, streaming(60_000)).await;
    for piece in pieces {
        lambda.send(piece).await.unwrap();
    }
    drop(lambda);
    let Ok(response) = try_open(&gateway).await else { return (200, None) };
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.ok();
    (status, body.map(|body| String::from_utf8(body.to_bytes().to_vec()).unwrap()))
}

fn whole(body: &str) -> Option<String> {
    Some(body.to_owned())
}

#[test]
fn ends_of_every_kind() {
    on_core(async {
        let head = |head: &str| chunk(&[head.as_bytes(), &[0; 8]].concat());
        let failed = r#"{"ErrorCode":"Unhandled","ErrorDetails":"{\"errorMessage\":\"boom\"}"}"#;
        assert_eq!(answer(vec![head("{}"), complete("")]).await, (200, whole("")));
        assert_eq!(answer(vec![complete(failed)]).await, (502, whole(INTERNAL)), "failed at once");
        assert_eq!(answer(vec![head("{}"), chunk(b"x"), complete(failed)]).await, (200, None));
        assert_eq!(answer(vec![head("{}"), chunk(b"x")]).await, (200, None), "no end");
        assert_eq!(answer(vec![chunk(b"no head"), complete("")]).await, (500, whole(INTERNAL)));
        assert_eq!(
            answer(vec![head("{\"body\":\"\"}"), complete("")]).await,
            (500, whole(INTERNAL))
        );
        assert_eq!(
            answer(vec![chunk(&[b' '; 20_000]), complete("")]).await,
            (500, whole(INTERNAL))
        );
        let mut broken = chunk(b"{}\0\0\0\0\0\0\0\0");
        broken[8] ^= 1;
        assert_eq!(answer(vec![broken]).await, (502, whole(INTERNAL)));
        let sized = head(r#"{"headers":{"Content-Length":"4"}}"#);
        assert_eq!(answer(vec![sized, chunk(b"four"), complete("")]).await, (200, whole("four")));
    });
}

#[test]
fn a_head_that_does_not_come_in_time() {
    on_core(async {
        let (address, lambda) = lambda().await;
        let gateway = gateway(address, streaming(80)).await;
        lambda.send(chunk(b"{}")).await.unwrap();
        assert_eq!(open(&gateway).await.status().as_u16(), 504);
    });
}
