//! Ports that stay ours while the process that listens on them is down.
//!
//! Asking for any free port and closing the socket again promises nothing: by
//! the time the port is used, or used again after a restart, somebody else may
//! listen there, or an outgoing connection may leave from it. A [`Lease`] keeps
//! a socket bound to the port without ever listening. The kernel then gives the
//! port to nobody who asks for any free one, neither to listen nor to connect
//! from, while a process that is told the port can listen on it, as often as
//! it is started. Nothing is left behind when the holder ends.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use socket2::{Domain, Protocol, Socket, Type};

/// A TCP port that is kept for as long as this value lives.
///
/// Who listens on it must set `SO_REUSEADDR`, which `std`, tokio and Postgres
/// do, or `SO_REUSEPORT`, if several processes of this user share it.
#[derive(Debug)]
pub struct Lease {
    address: SocketAddr,
    _socket: Socket,
}

impl Lease {
    /// Keeps any port that is free at this address.
    ///
    /// # Errors
    /// When there is none, or the address is not of this machine.
    pub fn any(ip: IpAddr) -> io::Result<Self> {
        Self::of(SocketAddr::new(ip, 0))
    }

    /// Keeps this address; port 0 means any free one.
    ///
    /// # Errors
    /// When somebody listens there already, or the address cannot be had.
    pub fn of(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        socket.bind(&address.into())?;
        let bound = socket.local_addr()?.as_socket();
        let address = bound.ok_or_else(|| io::Error::other("not an internet address"))?;
        Ok(Self { address, _socket: socket })
    }

    /// The address, with its port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::{
        collections::HashSet,
        net::{Ipv4Addr, TcpListener, TcpStream},
    };

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_listener_comes_and_goes_and_comes_again() {
        let lease = Lease::any(HERE).unwrap();
        for _ in 0..3 {
            TcpStream::connect(lease.address()).expect_err("nobody listens");
            let listener = TcpListener::bind(lease.address()).unwrap();
            let client = TcpStream::connect(lease.address()).unwrap();
            // Ended from this side first, as by a process that is killed.
            drop(listener.accept().unwrap());
            drop((listener, client));
        }
    }

    #[test]
    fn several_listeners_may_share_it_and_it_gets_no_connection_itself() {
        let lease = Lease::any(HERE).unwrap();
        let shared = || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_reuse_address(true).unwrap();
            socket.set_reuse_port(true).unwrap();
            socket.bind(&lease.address().into()).unwrap();
            socket.listen(128).unwrap();
            socket
        };
        let _listeners = [shared(), shared()];
        for _ in 0..20 {
            TcpStream::connect(lease.address()).unwrap();
        }
        assert!(TcpListener::bind(lease.address()).is_err(), "nobody else gets it");
    }

    #[test]
    fn a_port_with_a_listener_is_refused() {
        let taken = TcpListener::bind((HERE, 0)).unwrap();
        let refused = Lease::of(taken.local_addr().unwrap()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn who_asks_for_any_port_never_gets_a_kept_one() {
        // Few enough for a process that may open 1024 files.
        let leases: Vec<Lease> = (0..150).map(|_| Lease::any(HERE).unwrap()).collect();
        let kept: HashSet<u16> = leases.iter().map(Lease::port).collect();
        assert_eq!(kept.len(), leases.len());
        let others: Vec<TcpListener> =
            (0..250).map(|_| TcpListener::bind((HERE, 0)).unwrap()).collect();
        assert!(others.iter().all(|o| !kept.contains(&o.local_addr().unwrap().port())));
        let target = others[0].local_addr().unwrap();
        let clients: Vec<TcpStream> = (0..250)
            .map(|_| {
                let client = TcpStream::connect(target).unwrap();
                others[0].accept().unwrap();
                client
            })
            .collect();
        assert!(clients.iter().all(|c| !kept.contains(&c.local_addr().unwrap().port())));
    }
}
