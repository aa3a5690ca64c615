//! AWS_PROXY through the whole system: a document that was written for AWS, a
//! node that keeps header names as they were sent, and a Lambda of the test's
//! own that notes every event.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use gw_testkit::{
    cluster::{Cluster, Options},
    http::Call,
};
use gw_tests::{document, load, story, system::System as _};
use http::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// Paths of the calls and their events.
type Calls = Arc<Mutex<Vec<(String, Value)>>>;

/// A Lambda that answers every call with the function's own path.
async fn lambda() -> (SocketAddr, Calls) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let calls = Calls::default();
    let log = Arc::clone(&calls);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, Arc::clone(&log)));
        }
    });
    (address, calls)
}

async fn serve(stream: TcpStream, calls: Calls) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut line, mut path, mut length) = (String::new(), String::new(), 0);
        while stream.read_line(&mut line).await.unwrap_or(0) > 2 {
            let lower = line.to_ascii_lowercase();
            match lower.split_once(": ") {
                Some(("content-length", value)) => length = value.trim().parse().unwrap(),
                None => path = line.split(' ').nth(1).unwrap_or_default().to_owned(),
                Some(_) => {}
            }
            line.clear();
        }
        let mut body = vec![0; length];
        if path.is_empty() || stream.read_exact(&mut body).await.is_err() {
            return;
        }
        let event: Value = serde_json::from_slice(&body).unwrap();
        calls.lock().unwrap().push((path.clone(), event));
        let answer = json!({"headers": {"X-Function": path}, "body": "done"}).to_string();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
        if stream.get_mut().write_all(head.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn document(verb: &str) -> Value {
    let uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/\
               arn:aws:lambda:us-east-1:000000000000:function:hello:${stageVariables.alias}/invocations";
    let method = json!({
        "responses": {},
        "x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": verb, "uri": uri},
    });
    document::api("functions", &json!({"/{proxy+}": {"x-amazon-apigateway-any-method": method}}))
}

/// Both requests in one piece, and both answers.
async fn pipelined(node: &str, requests: &str) -> String {
    let mut stream = TcpStream::connect(node.trim_start_matches("http://")).await.unwrap();
    stream.write_all(requests.as_bytes()).await.unwrap();
    let mut answers = Vec::new();
    stream.read_to_end(&mut answers).await.unwrap();
    String::from_utf8(answers).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_answer_requests_and_learn_what_was_sent() {
    let (address, calls) = lambda().await;
    let mut options = Options { nodes: 1, ..Options::default() };
    options.node_environment =
        vec![("AWS_ENDPOINT_URL_LAMBDA".to_owned(), format!("http://{address}"))];
    let cluster = Cluster::start(options).await;
    let admin = cluster.client();
    let import = "/restapis?mode=import&endpointConfigurationTypes=REGIONAL";
    let api = admin.post(import, document("POST").to_string()).await.ok().text("id");
    story::deploy(&admin, &api, "prod", json!({"variables": {"alias": "live"}})).await.ok();
    let node = cluster.node_urls().remove(0);

    // Two requests in one packet: each event has the names of its own head.
    let path = story::path(&api, "prod", "/a%2Fb");
    let answers = pipelined(
        &node,
        &format!(
            "GET {path}?q=1&q=2 HTTP/1.1\r\nHOST: x\r\nX-FIRST: 1\r\naccept: a\r\n\r\n\
             POST {path} HTTP/1.1\r\nhost: x\r\nx-seCond: 2\r\nX-First: 3\r\nContent-Length: 2\r\n\
             Connection: close\r\n\r\nhi"
        ),
    )
    .await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
    assert_eq!(answers.matches("x-function: /2015-03-31/functions/").count(), 2, "{answers}");
    let seen = std::mem::take(&mut *calls.lock().unwrap());
    assert_eq!(seen.len(), 2);
    let names = |event: &Value| {
        let own = |name: &&String| !name.starts_with("X-Forwarded") && *name != "X-Amzn-Trace-Id";
        event["headers"].as_object().unwrap().keys().filter(own).cloned().collect::<Vec<_>>()
    };
    let (called, first) = &seen[0];
    assert!(called.ends_with("function%3Ahello%3Alive/invocations"), "{called}");
    assert_eq!(names(first), ["Host", "X-FIRST", "accept"]);
    assert_eq!(first["pathParameters"], json!({"proxy": "a%2Fb"}));
    assert_eq!(first["multiValueQueryStringParameters"], json!({"q": ["1", "2"]}));
    assert_eq!(first["requestContext"]["path"], "/prod/a%2Fb");
    let second = &seen[1].1;
    assert_eq!(names(second), ["Host", "x-seCond", "X-First"]);
    assert_eq!((&second["body"], &second["httpMethod"]), (&json!("hi"), &json!("POST")));

    // A stage variable chooses the alias, as soon as the call has returned.
    let patch = json!({"patchOperations": [
        {"op": "replace", "path": "/variables/alias", "value": "next"},
    ]});
    let stage = format!("/restapis/{api}/stages/prod");
    admin.call(Method::PATCH, &stage, patch.to_string()).await.ok();
    let answer = Call::get(&format!("{node}{path}")).send().await.unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (200, "done"));
    assert!(answer.header("x-function").unwrap().ends_with("hello%3Anext/invocations"));

    // A verb other than POST deploys, with a warning, and answers 500.
    story::overwrite(&admin, &api, &document("GET")).await;
    let deployed = story::deploy(&admin, &api, "prod", json!({})).await.ok();
    let before = calls.lock().unwrap().len();
    let answer = load::get(&node, &path).await.unwrap();
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    assert_eq!(answer.status().as_u16(), 500, "{text}");
    assert_eq!(text, r#"{"message": "Internal server error"}"#);
    assert_eq!(calls.lock().unwrap().len(), before, "{}", deployed.body);
}
