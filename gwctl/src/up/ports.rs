//! Which ports: as asked, as remembered, or any free ones.

use std::io;
use std::net::{IpAddr, SocketAddr};

use gw_ports::Lease;
use serde::{Deserialize, Serialize};

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

/// Chooses ports and keeps them: no two parts get the same, and nobody else
/// gets one while its part is being started again.
#[derive(Debug)]
pub(crate) struct Chooser {
    bind: IpAddr,
    /// To be held for as long as the parts are kept running.
    pub(crate) held: Vec<Lease>,
    /// What to tell about ports that had to change.
    pub(crate) notes: Vec<String>,
}

impl Chooser {
    pub(crate) fn new(bind: IpAddr) -> Self {
        Self { bind, held: Vec::new(), notes: Vec::new() }
    }

    /// Chooses at another address from here on.
    pub(crate) fn move_to(&mut self, bind: IpAddr) {
        self.bind = bind;
    }

    /// Settles a port for `what`, whose flag is `flag`.
    pub(crate) fn settle(&mut self, port: &mut Port, what: &str, flag: &str) -> Result<()> {
        match self.lease(port.number) {
            Ok(lease) => {
                port.number = lease.port();
                self.held.push(lease);
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

    fn lease(&self, port: u16) -> io::Result<Lease> {
        // A lease bears another one beside it; two parts must not share a port.
        if port != 0 && self.held.iter().any(|lease| lease.port() == port) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        Lease::of(SocketAddr::new(self.bind, port))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

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

        // By another part, and by somebody else.
        let stranger = TcpListener::bind((HERE, 0)).unwrap();
        for number in [ports[0].number, stranger.local_addr().unwrap().port()] {
            let mut taken = Port { number, auto: true };
            chooser.settle(&mut taken, "the admin API", "--admin-port").unwrap();
            assert_ne!(taken.number, number);
            let note = chooser.notes.pop().unwrap();
            assert!(note.contains("the admin API"), "{note}");

            let mut fixed = Port { number, auto: false };
            let error = chooser.settle(&mut fixed, "the admin API", "--admin-port").unwrap_err();
            assert!(error.to_string().contains("--admin-port"), "{error}");
        }
    }
}
