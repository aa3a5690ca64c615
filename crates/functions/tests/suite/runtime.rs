//! A small runtime over a bare socket: this test program, started again as the
//! process of an environment. What it does is told by the event.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// Not a test: what environments run.
#[test]
#[ignore = "the runtime of the other tests"]
fn tiny() {
    let Ok(api) = std::env::var("AWS_LAMBDA_RUNTIME_API") else { return };
    println!("init of {}", std::process::id());
    let mut api = Api::new(&api);
    init(&mut api);
    for served in 1.. {
        let Some(next) = api.call("GET", "invocation/next", "", b"") else { return };
        serve(&mut api, &next, served);
    }
}

/// How an environment may start, by a variable of its function.
fn init(api: &mut Api) {
    let how = std::env::var("INIT").unwrap_or_default();
    match how.as_str() {
        "exit" => std::process::exit(3),
        "error" => {
            let body = br#"{"errorMessage":"no config","errorType":"Runtime.NoConfig"}"#;
            let kind = "Lambda-Runtime-Function-Error-Type: Runtime.NoConfig\r\n";
            let answer = api.call("POST", "init/error", kind, body).unwrap();
            assert_eq!(answer.status, 202);
            std::process::exit(1);
        }
        "hang" => std::thread::sleep(Duration::from_secs(600)),
        "slow" => std::thread::sleep(Duration::from_millis(300)),
        _ => {}
    }
}

fn serve(api: &mut Api, next: &Answer, served: u32) {
    let id = next.header("Lambda-Runtime-Aws-Request-Id").to_owned();
    let event: Value = serde_json::from_slice(&next.body).unwrap();
    let path = format!("invocation/{id}/response");
    let respond = |api: &mut Api, value: &Value| {
        let answer = api.call("POST", &path, "", value.to_string().as_bytes()).unwrap();
        assert_eq!(answer.status, 202, "{}", String::from_utf8_lossy(&answer.body));
    };
    match event["do"].as_str().unwrap_or("echo") {
        "told" => {
            let headers: Vec<_> = next.headers.iter().map(|(n, v)| json!([n, v])).collect();
            respond(api, &json!({ "headers": headers, "event": event }));
        }
        "env" => {
            let all: serde_json::Map<_, _> =
                std::env::vars().map(|(name, value)| (name, value.into())).collect();
            let at = std::env::current_dir().unwrap().display().to_string();
            respond(api, &json!({ "env": all, "cwd": at }));
        }
        "who" => respond(api, &json!({ "pid": std::process::id(), "served": served })),
        "sleep" => {
            std::thread::sleep(Duration::from_millis(event["ms"].as_u64().unwrap()));
            respond(api, &json!({ "pid": std::process::id() }));
        }
        "hold" => {
            held(&event);
            respond(api, &json!({ "pid": std::process::id() }));
        }
        "exit" => std::process::exit(i32::try_from(event["code"].as_i64().unwrap()).unwrap()),
        "answer and exit" => {
            respond(api, &json!("bye"));
            std::process::exit(0);
        }
        "kill" => {
            let pid = rustix::process::getpid();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        }
        "fail" => {
            let body = event["body"].as_str().unwrap_or(r#"{"errorMessage":"m","errorType":"E"}"#);
            let kind = event["type"].as_str().unwrap_or("E");
            let kind = format!("Lambda-Runtime-Function-Error-Type: {kind}\r\n");
            api.call("POST", &format!("invocation/{id}/error"), &kind, body.as_bytes()).unwrap();
        }
        "print" => {
            for line in event["lines"].as_array().unwrap() {
                println!("{}", line.as_str().unwrap());
                eprintln!("err {}", line.as_str().unwrap());
            }
            print!("no end");
            std::io::stdout().flush().unwrap();
            respond(api, &json!(null));
        }
        "garbage" => {
            send_garbage(&id);
            respond(api, &json!("alive"));
        }
        "chatter" => {
            std::thread::spawn(|| {
                loop {
                    println!("and on and on");
                }
            });
            respond(api, &json!(std::process::id()));
        }
        "bytes" => {
            let count = usize::try_from(event["n"].as_u64().unwrap()).unwrap();
            let text = format!("\"{}\"", "x".repeat(count - 2));
            let status = api.call("POST", &path, "", text.as_bytes()).map(|a| a.status);
            println!("answered {status:?}");
        }
        "raw" => {
            api.call("POST", &path, "", event["raw"].as_str().unwrap().as_bytes()).unwrap();
        }
        "wrong" => wrong(api, &id, event["call"].as_str().unwrap()),
        "child" => {
            // It would live on by itself.
            let mut sleep = std::process::Command::new("sleep");
            #[expect(clippy::zombie_processes, reason = "left to whoever ends us")]
            let child = sleep.arg("600").spawn().unwrap();
            respond(api, &json!({ "child": child.id(), "pid": std::process::id() }));
        }
        "hang up" => {
            respond(api, &json!("done"));
            // Asks, goes away, asks again.
            let mut other = Api::new(&std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap());
            other.send("GET", "invocation/next", "", b"");
            std::thread::sleep(Duration::from_millis(50));
            drop(other);
            println!("hung up");
        }
        "work on" => {
            respond(api, &json!(std::process::id()));
            match event["ms"].as_u64() {
                Some(ms) => std::thread::sleep(Duration::from_millis(ms)),
                None => held(&event),
            }
        }
        "stream" => api.stream(&path, &event),
        _ => respond(api, &event),
    }
}

/// Goes on when the event's file is there.
fn held(event: &Value) {
    while !std::fs::exists(event["until"].as_str().unwrap()).unwrap() {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Sends what nobody should, each piece on a connection of its own.
fn send_garbage(id: &str) {
    let host = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    for bytes in garbage(id) {
        let mut other = TcpStream::connect(&host).unwrap();
        other.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        other.write_all(&bytes).ok();
        other.read_exact(&mut [0; 12]).ok();
    }
}

/// What no client of the Runtime API sends.
fn garbage(id: &str) -> Vec<Vec<u8>> {
    let post = |path: &str, rest: &str| {
        format!("POST /2018-06-01/runtime/{path} HTTP/1.1\r\nhost: x\r\n{rest}").into_bytes()
    };
    vec![
        b"\x00\xff\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\n".to_vec(),
        b"GET /2018-06-01/runtime/invocation/%ff/next HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
        b"DELETE /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
        post("invocation//response", "content-length: 2\r\n\r\n{}"),
        post("invocation/next", "content-length: 99999999999999999999\r\n\r\n"),
        post("init/error", "transfer-encoding: chunked\r\n\r\nzz\r\n"),
        post(&format!("invocation/{id}x/response"), "transfer-encoding: chunked\r\n\r\n"),
        post(&format!("invocation/{id}/respons"), "content-length: 0\r\n\r\n"),
        post("invocation/other/error", "content-length: 5\r\n\r\nhalf"),
    ]
}

/// Calls that the state of the environment does not allow; the answer tells
/// how each was refused.
fn wrong(api: &mut Api, id: &str, which: &str) {
    let (method, path) = match which {
        "id" => ("POST", "invocation/other/response".to_owned()),
        "next" => ("GET", "invocation/next".to_owned()),
        "init" => ("POST", "init/error".to_owned()),
        "path" => ("GET", "invocation/last".to_owned()),
        "mode" => ("POST", format!("invocation/{id}/response")),
        _ => ("POST", format!("invocation/{id}/nothing")),
    };
    let mode = "Lambda-Runtime-Function-Response-Mode: backwards\r\n";
    let answer = api.call(method, &path, if which == "mode" { mode } else { "" }, b"{}").unwrap();
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let told = json!({ "status": answer.status, "errorType": body["errorType"] });
    let path = format!("invocation/{id}/response");
    api.call("POST", &path, "", told.to_string().as_bytes()).unwrap();
    // Once more is too often.
    let again = api.call("POST", &path, "", b"{}").unwrap();
    println!("again: {}", again.status);
}

struct Api {
    host: String,
    reader: BufReader<TcpStream>,
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }
}

impl Api {
    fn new(host: &str) -> Self {
        let stream = TcpStream::connect(host).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { host: host.to_owned(), reader: BufReader::new(stream) }
    }

    fn send(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) {
        let length = body.len();
        let mut bytes = format!(
            "{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nhost: {}\r\n{headers}\
             content-length: {length}\r\n\r\n",
            self.host
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        // Whoever refuses a long body may not read it all.
        self.reader.get_mut().write_all(&bytes).ok();
    }

    /// Makes a call; `None` when the environment has ended.
    fn call(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> Option<Answer> {
        self.send(method, path, headers, body);
        self.answer()
    }

    fn answer(&mut self) -> Option<Answer> {
        let mut line = String::new();
        let mut read = |reader: &mut BufReader<TcpStream>| {
            line.clear();
            reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
            Some(line.trim_end().to_owned())
        };
        let status = read(&mut self.reader)?.split(' ').nth(1)?.parse().ok()?;
        let mut headers = Vec::new();
        loop {
            let line = read(&mut self.reader)?;
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        answer.body.resize(answer.header("content-length").parse().ok()?, 0);
        self.reader.read_exact(&mut answer.body).ok()?;
        Some(answer)
    }

    /// Streams an answer: chunks with pauses, then its end, a failure after
    /// it, or nothing more.
    fn stream(&mut self, path: &str, event: &Value) {
        let stream = self.reader.get_mut();
        let head = format!(
            "POST /2018-06-01/runtime/{path} HTTP/1.1\r\nhost: {}\r\n\
             lambda-runtime-function-response-mode: streaming\r\n\
             trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\
             content-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n",
            self.host
        );
        stream.write_all(head.as_bytes()).unwrap();
        for chunk in event["chunks"].as_array().unwrap() {
            let text = chunk.as_str().unwrap();
            stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).unwrap();
            std::thread::sleep(Duration::from_millis(event["pause"].as_u64().unwrap_or(0)));
        }
        match event["end"].as_str().unwrap_or_default() {
            "exit" => std::process::exit(7),
            "cut" => {
                stream.shutdown(std::net::Shutdown::Both).unwrap();
                *self = Self::new(&self.host);
                return;
            }
            "hang" => std::thread::sleep(Duration::from_secs(600)),
            "fail" => {
                let body = BASE64_STANDARD.encode(r#"{"errorMessage":"late","errorType":"Late"}"#);
                let trailers = format!(
                    "0\r\nLambda-Runtime-Function-Error-Type: Late\r\n\
                     Lambda-Runtime-Function-Error-Body: {body}\r\n\r\n"
                );
                stream.write_all(trailers.as_bytes()).unwrap();
            }
            _ => stream.write_all(b"0\r\n\r\n").unwrap(),
        }
        assert_eq!(self.answer().unwrap().status, 202);
    }
}
