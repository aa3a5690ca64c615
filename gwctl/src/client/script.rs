//! A scripted server for the tests of commands: it expects calls in an order
//! and answers what the test wrote down.

#![allow(clippy::unwrap_used, reason = "tests")]

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{Auth, Client};

/// What one call is answered with.
pub(crate) struct Answer {
    /// The request line up to the version, such as `GET /restapis?limit=500`.
    pub(crate) expects: &'static str,
    /// Status and further header lines, each ended by CR and LF.
    pub(crate) head: &'static str,
    pub(crate) body: String,
}

/// An answer of 200 with this body.
pub(crate) fn ok(expects: &'static str, body: impl Into<String>) -> Answer {
    Answer { expects, head: "200 OK\r\n", body: body.into() }
}

/// A client of a server that plays the script; the handle gives the bodies
/// that it was sent, and panics where a call was not as expected.
pub(crate) async fn play(script: Vec<Answer>) -> (Client, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let mut bodies = Vec::new();
        for answer in script {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (line, body) = read(&mut stream).await;
            assert_eq!(line, answer.expects);
            bodies.push(body);
            let text = format!(
                "HTTP/1.1 {}content-length: {}\r\nconnection: close\r\n\r\n{}",
                answer.head,
                answer.body.len(),
                answer.body
            );
            stream.write_all(text.as_bytes()).await.unwrap();
        }
        bodies
    });
    (Client::new(url.parse().unwrap(), Auth::Bearer("t".into())), server)
}

async fn read(stream: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            assert!(head.contains("authorization: bearer t"), "{head}");
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |l| l.parse().unwrap()) {
                let line = text.lines().next().unwrap().trim_end_matches(" HTTP/1.1");
                return (line.to_owned(), body.to_owned());
            }
        }
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "the call broke off");
    }
}
