//! Targets of VPC links: load balancers by their ARNs, and the addresses that
//! stand for them here.

use std::{fmt, net::IpAddr, str::FromStr};

use serde::{Deserialize, Serialize};

/// `HOST` or `HOST:PORT`, the host a name or an address (IPv6 in brackets).
/// Without a port it is the one of the integration's URI.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetAddress {
    /// A name in lower case, or an address without brackets.
    pub host: String,
    /// The port, where one is fixed.
    pub port: Option<u16>,
}

/// A text that is no such address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not HOST or HOST:PORT")]
pub struct InvalidTargetAddress(pub String);

impl FromStr for TargetAddress {
    type Err = InvalidTargetAddress;

    fn from_str(text: &str) -> Result<Self, InvalidTargetAddress> {
        let invalid = || InvalidTargetAddress(text.to_owned());
        let port_of = |port: &str| {
            let number = port.parse::<u16>().ok().filter(|number| *number > 0);
            number.filter(|_| port.bytes().all(|b| b.is_ascii_digit())).ok_or_else(invalid)
        };
        if let Some(rest) = text.strip_prefix('[') {
            let (host, rest) = rest.split_once(']').ok_or_else(invalid)?;
            let host: std::net::Ipv6Addr = host.parse().map_err(|_| invalid())?;
            let port = match rest.strip_prefix(':') {
                Some(port) => Some(port_of(port)?),
                None if rest.is_empty() => None,
                None => return Err(invalid()),
            };
            return Ok(Self { host: host.to_string(), port });
        }
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(port_of(port)?)),
            None => (text, None),
        };
        let host = host.to_ascii_lowercase();
        if is_host(&host) { Ok(Self { host, port }) } else { Err(invalid()) }
    }
}

impl fmt::Display for TargetAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.parse() {
            Ok(IpAddr::V6(address)) => write!(f, "[{address}]")?,
            _ => f.write_str(&self.host)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl Serialize for TargetAddress {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TargetAddress {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A DNS name, or an IPv4 address.
fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let digits = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= 253
        && host.split('.').all(label)
        && (!digits(last) || host.parse::<std::net::Ipv4Addr>().is_ok())
}

/// The name of the load balancer that an ARN ends in:
/// `arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/net/{name}/{id}`.
/// `None` if the text is no such ARN.
pub fn load_balancer_name(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let &["arn", partition, "elasticloadbalancing", region, account, resource] = &*parts else {
        return None;
    };
    let segments: Vec<&str> = resource.split('/').collect();
    let &["loadbalancer", "net" | "app", name, id] = &*segments else { return None };
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let fine = [partition, region, name, id].into_iter().all(plain)
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit());
    fine.then_some(name)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn addresses_round_trip() {
        for (text, expected) in [
            ("10.0.0.1:80", "10.0.0.1:80"),
            ("Backend.Internal", "backend.internal"),
            ("a_b:1", "a_b:1"),
            ("[::1]:8080", "[::1]:8080"),
            ("[2001:DB8::1]", "[2001:db8::1]"),
        ] {
            let address: TargetAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), expected);
            let json = serde_json::to_string(&address).unwrap();
            assert_eq!(serde_json::from_str::<TargetAddress>(&json).unwrap(), address);
        }
        for text in [
            "", ":80", "a:", "a:0", "a:65536", "a:+1", "a b", "http://a", "::1", "[::1", "[::1]x",
            "1.2.3", "a..b", "a/b", "[a]:1",
        ] {
            assert!(text.parse::<TargetAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_of_load_balancers() {
        let arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/my-nlb/50dc6c495c0c9188";
        assert_eq!(load_balancer_name(arn), Some("my-nlb"));
        for bad in [
            "",
            "my-nlb",
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/b",
            "arn:aws:elasticloadbalancing:us-east-1:1234:loadbalancer/net/my-nlb/50",
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/my-nlb",
            "arn:aws:elasticloadbalancing::123456789012:loadbalancer/net/my-nlb/1",
        ] {
            assert_eq!(load_balancer_name(bad), None, "{bad}");
        }
    }
}
