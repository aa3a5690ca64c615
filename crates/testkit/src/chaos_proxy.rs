//! A TCP line that can be cut.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// How the line behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Bytes pass.
    Open,
    /// Open connections are closed and new ones are closed at once.
    Cut,
    /// Bytes vanish: connections stay open and nothing passes.
    Silent,
}

/// A proxy before some server. It ends with this value.
#[derive(Debug)]
pub struct ChaosProxy {
    address: SocketAddr,
    line: watch::Sender<Line>,
    task: JoinHandle<()>,
}

impl ChaosProxy {
    /// Starts a proxy on a free port that leads to `target`.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn start(target: impl Into<String>) -> Self {
        let target = target.into();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let (line, state) = watch::channel(Line::Open);
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                tokio::spawn(carry(stream, target.clone(), state.clone()));
            }
        });
        Self { address, line, task }
    }

    /// Where to connect instead of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the line, for open connections too.
    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        self.task.abort();
        self.line.send_replace(Line::Cut);
    }
}

async fn carry(mut client: TcpStream, target: String, mut state: watch::Receiver<Line>) {
    let first = *state.borrow_and_update();
    if first == Line::Cut {
        return;
    }
    if first == Line::Silent {
        until_not(&mut state, Line::Silent).await;
        return;
    }
    let Ok(Ok(mut server)) =
        tokio::time::timeout(Duration::from_secs(5), TcpStream::connect(&target)).await
    else {
        return;
    };
    let mut watched = state.clone();
    tokio::select! {
        _ended = copy_bidirectional(&mut client, &mut server) => {}
        () = until_not(&mut watched, Line::Open) => {
            // A silent line holds both ends open and carries nothing until it changes.
            until_not(&mut state, Line::Silent).await;
        }
    }
}

/// Waits until the line is another one than `now`, or the proxy is gone.
async fn until_not(state: &mut watch::Receiver<Line>, now: Line) {
    // The guard that `wait_for` answers must not live on.
    let _changed = state.wait_for(|line| *line != now).await.is_ok();
}
