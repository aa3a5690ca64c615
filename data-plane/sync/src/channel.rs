//! A gRPC channel to one control-plane address, over TLS that rustls sets up.

use std::{io, sync::Arc, time::Duration};

use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::transport::{Channel, Endpoint};

/// How long TCP and TLS together may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How often the peer is probed, and how long it may take to answer: a cut
/// line is noticed after the sum of both.
const PROBE_EVERY: Duration = Duration::from_secs(2);
const PROBE_TIMEOUT: Duration = Duration::from_secs(4);

/// Deployments come in chunks of 1 MiB; small windows would make each of them
/// wait for several round trips.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;

/// Connects to `HOST:PORT`.
///
/// # Errors
/// What went wrong, with its causes, for people.
pub(crate) async fn connect(address: &str, tls: Arc<ClientConfig>) -> Result<Channel, String> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))
        .map_err(|error| format!("{address}: {}", chain(&error)))?
        .http2_keep_alive_interval(PROBE_EVERY)
        .keep_alive_timeout(PROBE_TIMEOUT)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(2 * STREAM_WINDOW_BYTES);
    let target = address.to_owned();
    let connector = tower::service_fn(move |_: http::Uri| {
        let (target, tls) = (target.clone(), Arc::clone(&tls));
        async move { dial(&target, tls).await.map(TokioIo::new) }
    });
    // A channel reconnects by itself when it is used after its connection
    // broke. That is never relied on: a new stream takes a new channel.
    match tokio::time::timeout(CONNECT_TIMEOUT, endpoint.connect_with_connector(connector)).await {
        Ok(connected) => connected.map_err(|error| format!("{address}: {}", chain(&error))),
        Err(_) => Err(format!("{address}: no connection within {CONNECT_TIMEOUT:?}")),
    }
}

async fn dial(address: &str, tls: Arc<ClientConfig>) -> io::Result<TlsStream<TcpStream>> {
    let name = host(address)
        .and_then(|host| ServerName::try_from(host.to_owned()).ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "address is not HOST:PORT"))?;
    let tcp = TcpStream::connect(address).await?;
    tcp.set_nodelay(true)?;
    TlsConnector::from(tls).connect(name, tcp).await
}

/// The host of `HOST:PORT`, without the brackets of an IPv6 address.
fn host(address: &str) -> Option<&str> {
    let (host, port) = address.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    (!bare.is_empty()).then_some(bare)
}

/// An error with its causes, which tonic keeps out of its own text.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        assert_eq!(host("cp.example:9081"), Some("cp.example"));
        assert_eq!(host("127.0.0.1:1"), Some("127.0.0.1"));
        assert_eq!(host("[::1]:9081"), Some("::1"));
        for bad in ["", "host", ":1", "host:x", "host:99999"] {
            assert_eq!(host(bad), None, "{bad}");
        }
    }
}
