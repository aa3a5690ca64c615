//! A backend that answers with bytes, HTTP or not.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::thread::Background;

/// What to do with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Send these bytes and close.
    Bytes(Vec<u8>),
    /// Send these bytes, a whole answer that does not end the connection, and
    /// take the next request. An answer like that with the connection closed
    /// behind it races with the next request.
    Kept(Vec<u8>),
    /// Send them, and keep the connection open in silence.
    Stall(Vec<u8>),
}

impl Reply {
    /// An ordinary answer.
    pub fn http(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut bytes = format!("HTTP/1.1 {status} Some\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            bytes += &format!("{name}: {value}\r\n");
        }
        let mut bytes = (bytes + "Connection: close\r\n\r\n").into_bytes();
        bytes.extend_from_slice(body);
        Self::Bytes(bytes)
    }
}

/// A backend on a free loopback port, until dropped.
#[derive(Debug)]
pub struct Raw {
    address: SocketAddr,
    _background: Background,
}

impl Raw {
    /// Starts one; `answer` gets each request as it came, head and body.
    pub fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket of ours");
        let address = listener.local_addr().expect("a bound socket");
        let answer = Arc::new(answer);
        let background = Background::run("raw", move || async move {
            let listener = TcpListener::from_std(listener).expect("a listening socket");
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let answer = Arc::clone(&answer);
                tokio::spawn(async move { serve(stream, &*answer).await });
            }
        });
        Self { address, _background: background }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// One request, one reply. That a gateway goes away meanwhile is its affair.
async fn serve(mut stream: TcpStream, answer: &(dyn Fn(&str) -> Reply + Send + Sync)) {
    let mut bytes = Vec::new();
    loop {
        while !is_whole(&bytes) {
            if !stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
                return;
            }
        }
        match answer(&String::from_utf8_lossy(&bytes)) {
            Reply::Bytes(reply) => {
                stream.write_all(&reply).await.ok();
                stream.shutdown().await.ok();
                return;
            }
            Reply::Kept(reply) => {
                bytes.clear();
                stream.write_all(&reply).await.ok();
            }
            Reply::Stall(reply) => {
                stream.write_all(&reply).await.ok();
                while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {}
                return;
            }
        }
    }
}

/// Whether the head is there, and the body that it announces.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let is_chunked = head.contains("transfer-encoding: chunked");
    (!is_chunked || bytes.ends_with(b"0\r\n\r\n")) && bytes.len() >= end + 4 + length
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::http::Call;

    #[tokio::test]
    async fn answers_what_it_is_told_to() {
        let raw = Raw::start(|request| match request.starts_with("POST /a") {
            true => Reply::http(201, &[("X-A", "b")], request.split("\r\n\r\n").last().unwrap()),
            false => Reply::Bytes(b"garbage".to_vec()),
        });
        let answer = Call::post(&format!("{}/a", raw.url())).body("hello").send().await.unwrap();
        assert_eq!(
            (answer.status, answer.header("x-a"), &*answer.text()),
            (201, Some("b"), "hello")
        );
        assert!(Call::get(&raw.url()).send().await.is_err());
    }

    #[tokio::test]
    async fn a_connection_that_is_kept_takes_the_next_request() {
        let kept = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        let raw = Raw::start(|_| Reply::Kept(kept.to_vec()));
        let mut stream = TcpStream::connect(raw.address).await.unwrap();
        for _ in 0..3 {
            stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            let mut answer = [0; 38];
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, kept);
        }
    }
}
