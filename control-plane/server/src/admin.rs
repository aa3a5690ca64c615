//! Serves the admin API's connections, HTTP/1 and HTTP/2 in clear.
//!
//! `axum::serve` lets a client take for ever over a request's head, so that
//! connections which never ask anything pile up.

use std::{
    io::{ErrorKind, Result},
    time::Duration,
};

use axum::Router;
use hyper::{Request, body::Incoming, service::Service as _, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::sync::CancellationToken;

/// How long a client may take over a request's head; an HTTP/1 connection
/// between two requests is closed after as long.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Before another try where no connection can be accepted, for want of file
/// descriptors mostly.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Serves until `stop`, and then until the requests under way are answered.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    head_timeout: Duration,
    stop: CancellationToken,
) -> Result<()> {
    // Each connection holds a receiver for as long as it lives.
    let (open, _) = watch::channel(());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let (router, stop, held) = (router.clone(), stop.clone(), open.subscribe());
                tokio::spawn(async move {
                    connection(stream, router, head_timeout, stop).await;
                    drop(held);
                });
            }
            Err(error) if is_the_clients(error.kind()) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept on the admin address");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    open.closed().await;
    Ok(())
}

/// The client gave up before its connection was accepted.
const fn is_the_clients(kind: ErrorKind) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(kind, ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(
    stream: TcpStream,
    router: Router,
    head_timeout: Duration,
    stop: CancellationToken,
) {
    let asked = CancellationToken::new();
    let router = TowerToHyperService::new(router);
    let service = service_fn(|request: Request<Incoming>| {
        asked.cancel();
        router.call(request)
    });
    let mut http = Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(head_timeout);
    http.http2().timer(TokioTimer::new());
    let mut serving = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    // The timeout above begins when it is known to be HTTP/1, and HTTP/2 has none.
    let silent = async {
        if tokio::time::timeout(head_timeout, asked.cancelled()).await.is_ok() {
            std::future::pending::<()>().await;
        }
    };
    let mut silent = std::pin::pin!(silent);
    let mut stopping = false;
    loop {
        tokio::select! {
            ended = serving.as_mut() => {
                if let Err(error) = ended {
                    tracing::trace!(%error, "admin connection ended");
                }
                return;
            }
            () = silent.as_mut() => return,
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::net::SocketAddr;

    use axum::{body::Bytes, routing};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        task::JoinHandle,
        time::timeout,
    };

    use super::*;

    /// Longer than anything here takes.
    const LONG: Duration = Duration::from_secs(60);

    struct Server {
        address: SocketAddr,
        stop: CancellationToken,
        serving: JoinHandle<Result<()>>,
        /// Lets `GET /slow` answer.
        go: CancellationToken,
        /// `GET /slow` has begun.
        begun: CancellationToken,
    }

    async fn start(head_timeout: Duration) -> Server {
        let (go, begun, stop) =
            (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let (wait, mark) = (go.clone(), begun.clone());
        let slow = async move || {
            mark.cancel();
            wait.cancelled().await;
            "slow"
        };
        let router = Router::new()
            .route("/slow", routing::get(slow))
            .route("/echo", routing::post(async |body: Bytes| body));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve(listener, router, head_timeout, stop.clone()));
        Server { address, stop, serving, go, begun }
    }

    impl Server {
        async fn open(&self, bytes: &str) -> TcpStream {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(bytes.as_bytes()).await.unwrap();
            stream
        }
    }

    /// All that comes until the server closes.
    async fn rest(mut stream: TcpStream) -> String {
        let mut bytes = Vec::new();
        // A reset is an end too.
        timeout(LONG, stream.read_to_end(&mut bytes)).await.expect("the server closes").ok();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[tokio::test]
    async fn heads_that_never_end_are_given_up() {
        let server = start(Duration::from_millis(200)).await;
        for begun in [
            "",
            "G",
            "GET /echo HTTP/1.1\r\nhost: a\r\n",
            "PRI * HT",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ] {
            let told = rest(server.open(begun).await).await;
            assert!(!told.contains("HTTP/1.1 2"), "{begun:?}: {told:?}");
        }
    }

    #[tokio::test]
    async fn what_is_asked_may_take_longer_than_its_head() {
        // Enough for a loaded machine to read the heads.
        let head_timeout = Duration::from_millis(1500);
        let server = start(head_timeout).await;
        let head =
            "POST /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 4\r\n\r\n";
        let mut body = server.open(&format!("{head}ab")).await;
        let answer =
            server.open("GET /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
        tokio::time::sleep(head_timeout * 2).await;
        body.write_all(b"cd").await.unwrap();
        server.go.cancel();
        for (stream, end) in [(body, "\r\n\r\nabcd"), (answer, "\r\n\r\nslow")] {
            let told = rest(stream).await;
            assert!(told.starts_with("HTTP/1.1 200 OK\r\n") && told.ends_with(end), "{told:?}");
        }
    }

    #[tokio::test]
    async fn http_2_is_served() {
        let server = start(HEAD_TIMEOUT).await;
        server.go.cancel();
        let stream = TcpStream::connect(server.address).await.unwrap();
        let (mut client, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .unwrap();
        tokio::spawn(connection);
        let uri = format!("http://{}/slow", server.address);
        let request = Request::get(uri).body(axum::body::Body::empty()).unwrap();
        let answer = timeout(LONG, client.send_request(request)).await.unwrap().unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (200, hyper::Version::HTTP_2));
    }

    #[tokio::test]
    async fn a_stop_lets_requests_under_way_end() {
        let server = start(HEAD_TIMEOUT).await;
        let mut idle = server.open("GET /echo HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let mut answered = [0; 12];
        timeout(LONG, idle.read_exact(&mut answered)).await.unwrap().unwrap();
        assert_eq!(&answered, b"HTTP/1.1 405");
        let busy = server.open("GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await;
        timeout(LONG, server.begun.cancelled()).await.unwrap();
        server.stop.cancel();
        rest(idle).await;
        assert!(!server.serving.is_finished(), "one is under way");
        server.go.cancel();
        assert!(rest(busy).await.ends_with("\r\n\r\nslow"));
        timeout(LONG, server.serving).await.unwrap().unwrap().unwrap();
        assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
    }
}
