//! The listening side: TLS with a certificate of the fleet's CA, client
//! certificates checked against it wherever one is shown.

use std::{sync::Arc, time::Duration};

use gw_proto::{MAX_MESSAGE_BYTES, fleet_server::FleetServer};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig, server::TcpIncoming};

use crate::{
    ca::{Ca, CaError, TrafficNames},
    hub::Hub,
    service::Service,
};

/// How often a quiet connection is probed, and how long it may take to answer:
/// a node whose machine is gone is noticed within twice this.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// Why the fleet's listener ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No certificate to show.
    #[error(transparent)]
    Ca(#[from] CaError),
    /// The transport failed.
    #[error("the fleet listener failed")]
    Transport(#[from] tonic::transport::Error),
}

/// Serves nodes on a listener until `shutdown` resolves. Streams end at once
/// then: nodes move to another replica.
///
/// # Errors
/// When a name in `names` (extra names of this replica, for its certificate)
/// or a suffix of the hub's options is none, or the listener fails.
pub async fn serve(
    hub: Arc<Hub>,
    ca: Arc<Ca>,
    listener: TcpListener,
    names: &[String],
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let own = ca.server(names, OffsetDateTime::now_utc())?;
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(own.certificate_pem, own.key_pem))
        .client_ca_root(Certificate::from_pem(ca.certificate_pem()))
        .client_auth_optional(true);
    let traffic = TrafficNames::new(&hub.options().traffic_suffixes)?;
    let service = FleetServer::new(Service::new(hub, ca, traffic))
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    let serving = Server::builder()
        .tls_config(tls)?
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .add_service(service)
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)));
    tokio::select! {
        served = serving => Ok(served?),
        () = shutdown => Ok(()),
    }
}
