//! Opening a connection: resolve, check the network rules, connect, shake
//! hands.

use std::{
    cell::Cell,
    net::{IpAddr, SocketAddr},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use bytes::BytesMut;
use tokio::net::TcpStream;

use crate::{
    client::SetupError,
    config::Config,
    error::Error,
    exchange::Conn,
    network::Networks,
    resolve::Resolver,
    stream::Stream,
    target::{Scheme, Target},
    tls::Connectors,
};

/// Addresses of one host that a single connect tries.
const MAX_TRIES: usize = 4;

pub(crate) struct Connector {
    resolver: Rc<Resolver>,
    networks: Arc<Networks>,
    tls: Connectors,
}

impl Connector {
    pub(crate) fn new(config: &Config) -> Result<Self, SetupError> {
        Ok(Self {
            resolver: Resolver::system(),
            networks: Arc::clone(&config.networks),
            tls: Connectors::new(&config.extra_roots)?,
        })
    }

    pub(crate) fn resolver(&self) -> &Rc<Resolver> {
        &self.resolver
    }

    /// A ready connection; `turn` rotates over the host's addresses.
    pub(crate) async fn connect(
        &self,
        target: &Target,
        turn: &Cell<usize>,
        limit: Duration,
    ) -> Result<Conn, Error> {
        let connecting = async {
            let tcp = self.tcp(target, turn, limit).await?;
            // Requests are written whole; waiting to fill a segment only delays.
            tcp.set_nodelay(true).map_err(|source| Error::Closed {
                retry_safe: true,
                source: Some(source.into()),
            })?;
            let stream = match (target.scheme(), target.server_name()) {
                (Scheme::Https, Some(name)) => {
                    let connector = self.tls.of(target.tls(), target.identity())?;
                    let tls = connector.connect(name.clone(), tcp).await;
                    Stream::Tls(Box::new(tls.map_err(Error::Tls)?))
                }
                _ => Stream::Plain(tcp),
            };
            Ok(Conn { stream, read: BytesMut::new() })
        };
        tokio::time::timeout(limit, connecting).await.unwrap_or(Err(Error::ConnectTimeout))
    }

    async fn tcp(
        &self,
        target: &Target,
        turn: &Cell<usize>,
        limit: Duration,
    ) -> Result<TcpStream, Error> {
        let addresses = self.addresses(target).await?;
        let first = turn.get();
        turn.set(first.wrapping_add(1));
        let tries = addresses.len().min(MAX_TRIES);
        // A black hole among several addresses must leave time for the others.
        let per_try = limit / u32::try_from(tries).unwrap_or(1).max(1);
        let mut last = Error::ConnectTimeout;
        for step in 0..tries {
            let address = addresses[first.wrapping_add(step) % addresses.len()];
            let connecting = TcpStream::connect(address);
            match tokio::time::timeout(per_try, connecting).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(source)) => last = Error::Connect { address: address.ip(), source },
                Err(_elapsed) => last = Error::ConnectTimeout,
            }
        }
        Err(last)
    }

    /// The addresses that the rules permit; never empty.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, Error> {
        let mut found = Vec::new();
        let mut unresolved = None;
        match target.via() {
            None => self.look_up(target.host(), target.address(), target.port(), &mut found).await?,
            // One name that does not resolve leaves the others.
            Some(via) => {
                for hop in via.hops() {
                    let port = hop.port.unwrap_or(target.port());
                    let looked = self.look_up(&hop.host, hop.address, port, &mut found).await;
                    unresolved = unresolved.or(looked.err());
                }
            }
        }
        let first = found.first().copied();
        let permitted: Vec<SocketAddr> =
            found.into_iter().filter(|address| self.networks.permit(address.ip())).collect();
        match (first, unresolved) {
            (Some(denied), _) if permitted.is_empty() => Err(Error::Denied(denied.ip())),
            (None, Some(error)) => Err(error),
            _ => Ok(permitted),
        }
    }

    async fn look_up(
        &self,
        host: &str,
        address: Option<IpAddr>,
        port: u16,
        found: &mut Vec<SocketAddr>,
    ) -> Result<(), Error> {
        match address {
            Some(address) => found.push(SocketAddr::new(address, port)),
            None => {
                let addresses = self.resolver.resolve(host).await?;
                found.extend(addresses.iter().map(|address| SocketAddr::new(*address, port)));
            }
        }
        Ok(())
    }
}
