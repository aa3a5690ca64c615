//! A TCP proxy that breaks the line on request.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::thread::Background;

/// What the line is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Bytes pass.
    Open,
    /// Bytes pass late, each piece by this much.
    Slow(Duration),
    /// Nothing passes and nothing is said: connections hang.
    Blackhole,
    /// Connections are reset, new ones right after they opened.
    Cut,
    /// Connections are reset and nobody listens.
    Refuse,
}

/// A proxy before one address, on a fixed loopback port, until dropped.
#[derive(Debug)]
pub struct ChaosProxy {
    address: SocketAddr,
    line: watch::Sender<Line>,
    _background: Background,
}

impl ChaosProxy {
    /// Starts one before `target`, with an open line.
    pub fn start(target: SocketAddr) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket of ours");
        let address = listener.local_addr().expect("a bound socket");
        let (line, watched) = watch::channel(Line::Open);
        let background =
            Background::run("chaos-proxy", move || serve(listener, address, target, watched));
        Self { address, line, _background: background }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the line, for connections that exist and those to come.
    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

async fn serve(
    first: std::net::TcpListener,
    address: SocketAddr,
    target: SocketAddr,
    mut line: watch::Receiver<Line>,
) {
    let mut listener = Some(TcpListener::from_std(first).expect("a listening socket"));
    loop {
        let now = *line.borrow_and_update();
        match (now, &listener) {
            (Line::Refuse, Some(_)) => listener = None,
            (Line::Refuse, None) => {}
            (_, None) => listener = TcpListener::bind(address).await.ok(),
            (_, Some(_)) => {}
        }
        let Some(open) = &listener else {
            tokio::select! {
                changed = line.changed() => if changed.is_err() { return },
                // Somebody may hold the port for a moment.
                () = tokio::time::sleep(Duration::from_millis(20)) => {}
            }
            continue;
        };
        tokio::select! {
            accepted = open.accept() => {
                if let Ok((client, _)) = accepted {
                    tokio::spawn(connection(client, target, line.clone()));
                }
            }
            changed = line.changed() => if changed.is_err() { return },
        }
    }
}

async fn connection(client: TcpStream, target: SocketAddr, mut line: watch::Receiver<Line>) {
    if !passable(&mut line).await {
        reset(&client);
        return;
    }
    let Ok(server) = TcpStream::connect(target).await else {
        reset(&client);
        return;
    };
    client.set_nodelay(true).ok();
    server.set_nodelay(true).ok();
    let mut cut = line.clone();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let there = tokio::spawn(pump(from_client, to_server, line.clone()));
    let back = tokio::spawn(pump(from_server, to_client, line));
    let (stop_there, stop_back) = (there.abort_handle(), back.abort_handle());
    tokio::select! {
        _ = async { tokio::join!(there, back) } => {}
        _ = cut.wait_for(|line| is_broken(*line)) => {
            stop_there.abort();
            stop_back.abort();
        }
    }
}

fn is_broken(line: Line) -> bool {
    matches!(line, Line::Cut | Line::Refuse)
}

/// Waits while the line swallows everything; says whether it then carries.
async fn passable(line: &mut watch::Receiver<Line>) -> bool {
    let seen = line.wait_for(|line| *line != Line::Blackhole).await;
    seen.is_ok_and(|line| !is_broken(*line))
}

fn reset(stream: &TcpStream) {
    // Without lingering, closing sends a reset instead of an end.
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)).ok();
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut line: watch::Receiver<Line>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        if !passable(&mut line).await {
            return;
        }
        let now = *line.borrow();
        if let Line::Slow(by) = now {
            tokio::time::sleep(by).await;
        }
        if read == 0 {
            to.shutdown().await.ok();
            return;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::echo::Echo;
    use crate::http::{Answer, Call, Error};

    async fn ask(proxy: &ChaosProxy, timeout_ms: u64) -> Result<Answer, Error> {
        let url = format!("http://{}/", proxy.address());
        Call::get(&url).timeout(Duration::from_millis(timeout_ms)).send().await
    }

    #[tokio::test]
    async fn the_line_breaks_and_heals() {
        let echo = Echo::start("e");
        let proxy = ChaosProxy::start(echo.address());
        assert_eq!(ask(&proxy, 5_000).await.unwrap().status, 200);
        for broken in [Line::Cut, Line::Refuse, Line::Blackhole] {
            proxy.set(broken);
            crate::eventually("the line to break", || async {
                ask(&proxy, 200).await.err().map(|_| ())
            })
            .await;
            proxy.set(Line::Open);
            crate::eventually("the line to heal", || async {
                ask(&proxy, 5_000).await.ok().map(|_| ())
            })
            .await;
        }
        proxy.set(Line::Slow(Duration::from_millis(50)));
        let start = Instant::now();
        assert_eq!(ask(&proxy, 5_000).await.unwrap().status, 200);
        assert!(start.elapsed() >= Duration::from_millis(100), "there and back");
    }

    #[tokio::test]
    async fn open_connections_are_cut_and_held_ones_go_on() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = ChaosProxy::start(listener.local_addr().unwrap());
        let mut client = TcpStream::connect(proxy.address()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        proxy.set(Line::Blackhole);
        client.write_all(b"x").await.unwrap();
        let mut byte = [0];
        let waited = tokio::time::timeout(Duration::from_millis(200), server.read(&mut byte));
        assert!(waited.await.is_err(), "nothing passes");
        proxy.set(Line::Open);
        server.read_exact(&mut byte).await.unwrap();
        proxy.set(Line::Cut);
        assert!(matches!(client.read(&mut byte).await, Ok(0) | Err(_)));
        assert!(matches!(server.read(&mut byte).await, Ok(0) | Err(_)));
    }
}
