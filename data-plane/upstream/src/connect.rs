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
    via::{Hop, Via},
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
        let found = match (target.via(), target.address()) {
            (Some(via), _) => self.on_way(via, target.port()).await?,
            (None, Some(address)) => vec![SocketAddr::new(address, target.port())],
            (None, None) => {
                let addresses = self.resolver.resolve(target.host()).await?;
                addresses.iter().map(|ip| SocketAddr::new(*ip, target.port())).collect()
            }
        };
        let first = found.first().copied();
        let permitted: Vec<SocketAddr> =
            found.into_iter().filter(|address| self.networks.permit(address.ip())).collect();
        match first {
            Some(denied) if permitted.is_empty() => Err(Error::Denied(denied.ip())),
            _ => Ok(permitted),
        }
    }

    /// The addresses of a way, as far as they are known; names are waited for
    /// only where there is nothing else to try.
    async fn on_way(&self, via: &Via, port: u16) -> Result<Vec<SocketAddr>, Error> {
        let at = |hop: &Hop, ip: &IpAddr| SocketAddr::new(*ip, hop.port.unwrap_or(port));
        let mut found = Vec::new();
        for hop in via.hops() {
            match hop.address {
                Some(ip) => found.push(at(hop, &ip)),
                None => {
                    let known = self.resolver.peek(&hop.host);
                    found.extend(known.iter().flat_map(|ips| ips.iter()).map(|ip| at(hop, ip)));
                }
            }
        }
        let mut unresolved = None;
        for hop in via.hops() {
            if !found.is_empty() {
                return Ok(found);
            }
            match self.resolver.resolve(&hop.host).await {
                Ok(ips) => found.extend(ips.iter().map(|ip| at(hop, ip))),
                Err(error) => unresolved = unresolved.or(Some(error)),
            }
        }
        unresolved.map_or(Ok(found), Err)
    }
}
