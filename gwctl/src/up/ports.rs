//! Which ports: as asked, as remembered, or any free ones.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};

use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, Socket, Type};

use crate::error::{Error, Result};

/// A port of the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Port {
    /// 0 while none is chosen.
    pub(crate) number: u16,
    /// Ours to choose, and to change when somebody else has taken it.
    pub(crate) auto: bool,
}

impl Port {
    /// What is wanted: the flag, else what is remembered, else the default,
    /// which gives way when it is taken.
    pub(crate) fn wanted(flag: Option<u16>, remembered: Option<Port>, default: u16) -> Self {
        match (flag, remembered) {
            (Some(0), Some(port)) if port.auto => port,
            (Some(0), _) => Self { number: 0, auto: true },
            (Some(number), _) => Self { number, auto: false },
            (None, Some(port)) => port,
            (None, None) => Self { number: default, auto: true },
        }
    }
}

/// Chooses ports, keeping each taken until all are chosen, so that no two
/// parts get the same.
#[derive(Debug)]
pub(crate) struct Chooser {
    bind: IpAddr,
    held: Vec<TcpListener>,
    /// What to tell about ports that had to change.
    pub(crate) notes: Vec<String>,
}

impl Chooser {
    pub(crate) fn new(bind: IpAddr) -> Self {
        Self { bind, held: Vec::new(), notes: Vec::new() }
    }

    /// Settles a port for `what`, whose flag is `flag`.
    pub(crate) fn settle(&mut self, port: &mut Port, what: &str, flag: &str) -> Result<()> {
        match TcpListener::bind((self.bind, port.number)) {
            Ok(listener) => {
                port.number = local(&listener).map_err(Error::io(what))?;
                self.held.push(listener);
                Ok(())
            }
            Err(error) if port.auto && error.kind() == io::ErrorKind::AddrInUse => {
                let taken = port.number;
                port.number = 0;
                self.settle(port, what, flag)?;
                self.notes
                    .push(format!("port {taken} is taken; {what} is at {} instead", port.number));
                Ok(())
            }
            Err(error) => Err(Error::failed(format!("port {} for {what}: {error}", port.number))
                .hint(format!("choose another with {flag}, or 0 for any free one"))),
        }
    }
}

fn local(listener: &TcpListener) -> io::Result<u16> {
    Ok(listener.local_addr()?.port())
}

/// A port that is ours, on which others of our processes may listen: bound with
/// `SO_REUSEPORT` and never listening, it gets no connections itself.
#[derive(Debug)]
pub(crate) struct Reserved {
    _socket: Socket,
}

impl Reserved {
    /// Keeps `address` for as long as this value lives.
    pub(crate) fn keep(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        socket.bind(&address.into())?;
        Ok(Self { _socket: socket })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn flags_before_memory_before_defaults() {
        let auto = |number| Port { number, auto: true };
        let fixed = |number| Port { number, auto: false };
        let cases = [
            (Some(7), Some(auto(5)), fixed(7)),
            (Some(0), Some(auto(5)), auto(5)),
            (Some(0), Some(fixed(5)), auto(0)),
            (Some(0), None, auto(0)),
            (None, Some(fixed(5)), fixed(5)),
            (None, Some(auto(5)), auto(5)),
            (None, None, auto(9080)),
        ];
        for (flag, remembered, expected) in cases {
            assert_eq!(Port::wanted(flag, remembered, 9080), expected, "{flag:?} {remembered:?}");
        }
    }

    #[test]
    fn ports_are_different_and_a_taken_one_gives_way() {
        let mut chooser = Chooser::new(HERE);
        let mut ports = [Port { number: 0, auto: true }; 4];
        for port in &mut ports {
            chooser.settle(port, "a part", "--flag").unwrap();
        }
        let mut numbers: Vec<_> = ports.iter().map(|p| p.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 4);
        assert!(chooser.notes.is_empty());

        let mut taken = ports[0];
        chooser.settle(&mut taken, "the admin API", "--admin-port").unwrap();
        assert_ne!(taken.number, ports[0].number);
        assert!(chooser.notes[0].contains("the admin API"), "{:?}", chooser.notes);

        let mut fixed = Port { number: ports[0].number, auto: false };
        let error = chooser.settle(&mut fixed, "the admin API", "--admin-port").unwrap_err();
        assert!(error.to_string().contains("--admin-port"), "{error}");
    }

    #[test]
    fn a_reserved_port_can_be_shared_by_us_and_gets_nothing() {
        let free = TcpListener::bind((HERE, 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let _kept = Reserved::keep(address).unwrap();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_reuse_port(true).unwrap();
        socket.bind(&address.into()).unwrap();
        socket.listen(128).unwrap();
        for _ in 0..20 {
            std::net::TcpStream::connect(address).unwrap();
        }
        assert!(TcpListener::bind(address).is_err(), "nobody else gets it");
    }
}
