//! The node's own small HTTP server: `/metrics`, `/ready`, `/live`.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::{hooks::Serving, metrics};

/// What the pages are made from.
pub(crate) struct Pages {
    pub(crate) serving: Arc<Serving>,
    pub(crate) node: Arc<gw_sync::Handle>,
}

impl Pages {
    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return page(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n".to_owned());
        }
        match path {
            "/live" => page(StatusCode::OK, "live\n".to_owned()),
            "/ready" => self.ready(),
            "/metrics" => {
                let text = metrics::render(&self.serving, &self.node.status(), SystemTime::now());
                page(StatusCode::OK, text)
            }
            _ => page(StatusCode::NOT_FOUND, "not found\n".to_owned()),
        }
    }

    /// Ready means: a request sent now is answered from a world.
    fn ready(&self) -> Response<Full<Bytes>> {
        let not = |why: &str| page(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n"));
        if self.serving.is_draining() {
            not("draining")
        } else if !self.node.status().ready {
            not("no world yet")
        } else if self.serving.stats.get().is_none() {
            not("not listening yet")
        } else {
            page(StatusCode::OK, "ready\n".to_owned())
        }
    }
}

fn page(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Binds the address; serve with [`serve`].
pub(crate) async fn bind(address: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

/// Serves until the process ends.
pub(crate) async fn serve(listener: TcpListener, pages: Arc<Pages>) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept on the metrics address");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let pages = Arc::clone(&pages);
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let response = pages.answer(request.method(), request.uri().path());
                async move { Ok::<_, Infallible>(response) }
            });
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(60));
            if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
                tracing::trace!(%error, "metrics connection ended");
            }
        });
    }
}
