//! A way around an origin's own address.

use std::{net::IpAddr, sync::Arc};

use crate::{identity::next_number, target::InvalidTarget, target::host_of};

/// Where to connect to instead of where an origin's host is: the origin still
/// gives the `Host` header, the TLS name and, where an address has no port of
/// its own, the port. Clones are the same way.
#[derive(Debug, Clone)]
pub struct Via(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    number: u64,
    hops: Box<[Hop]>,
}

/// One address of a way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) host: Box<str>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) port: Option<u16>,
}

impl Via {
    /// Over these hosts, each a DNS name or an address, in turn.
    ///
    /// # Errors
    /// One is neither, or there is none.
    pub fn new<'h>(
        hosts: impl IntoIterator<Item = (&'h str, Option<u16>)>,
    ) -> Result<Self, InvalidTarget> {
        let hop = |(host, port)| {
            let (host, address) = host_of(host)?;
            Ok(Hop { host, address, port })
        };
        let hops: Box<[Hop]> = hosts.into_iter().map(hop).collect::<Result<_, _>>()?;
        if hops.is_empty() {
            return Err(InvalidTarget::Host(String::new()));
        }
        Ok(Self(Arc::new(Inner { number: next_number(), hops })))
    }

    /// Tells ways apart.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.number
    }

    pub(crate) fn hops(&self) -> &[Hop] {
        &self.0.hops
    }
}
