//! Which networks may be called. The rule is checked on the address that a
//! connection is about to use, so a DNS answer cannot get around it.

use std::{net::IpAddr, str::FromStr};

/// A block of addresses such as `10.0.0.0/8`; a bare address is a block of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    base: IpAddr,
    prefix: u8,
}

/// Text that is no block of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid network {0:?}, expected for example 10.0.0.0/8")]
pub struct InvalidCidr(String);

impl FromStr for Cidr {
    type Err = InvalidCidr;

    fn from_str(text: &str) -> Result<Self, InvalidCidr> {
        let invalid = || InvalidCidr(text.to_owned());
        let (base, prefix) = match text.split_once('/') {
            Some((base, prefix)) => (base, Some(prefix.parse::<u8>().map_err(|_| invalid())?)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().map_err(|_| invalid())?;
        let width = if base.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(width);
        if prefix > width { Err(invalid()) } else { Ok(Self { base, prefix }) }
    }
}

impl Cidr {
    /// Whether the address lies in the block. An IPv4 address written as
    /// IPv6 (`::ffff:10.0.0.1`) counts as the IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let prefix =
                    if self.base.is_ipv6() { self.prefix.saturating_sub(96) } else { self.prefix };
                let shift = 32 - u32::from(prefix);
                prefix == 0 || base.to_bits() >> shift == address.to_bits() >> shift
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.prefix);
                self.prefix == 0 || base.to_bits() >> shift == address.to_bits() >> shift
            }
            _ => false,
        }
    }
}

/// The rule: an address that an `allow` block names is called; else one that
/// a `deny` block names is not; else it is called exactly when no `allow`
/// block is given.
#[derive(Debug, Clone, Default)]
pub struct Networks {
    /// Blocks that may be called; with any given, everything else is denied.
    pub allow: Vec<Cidr>,
    /// Blocks that may not be called unless `allow` names them.
    pub deny: Vec<Cidr>,
}

impl Networks {
    /// Whether a connection to the address may be opened.
    #[must_use]
    pub fn permit(&self, address: IpAddr) -> bool {
        if self.allow.iter().any(|block| block.contains(address)) {
            return true;
        }
        self.allow.is_empty() && !self.deny.iter().any(|block| block.contains(address))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn check(allow: &[&str], deny: &[&str], address: &str, expected: bool) {
        let parse = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        let networks = Networks { allow: parse(allow), deny: parse(deny) };
        assert_eq!(networks.permit(address.parse().unwrap()), expected, "{address}");
    }

    #[test]
    fn rules() {
        check(&[], &[], "10.0.0.1", true);
        check(&[], &["169.254.0.0/16"], "169.254.169.254", false);
        check(&[], &["169.254.0.0/16"], "::ffff:169.254.169.254", false);
        check(&[], &["169.254.0.0/16"], "169.255.0.1", true);
        check(&["10.0.0.0/8"], &[], "11.0.0.1", false);
        check(&["10.0.0.0/8"], &["0.0.0.0/0", "::/0"], "10.9.9.9", true);
        check(&["10.0.0.0/8"], &["0.0.0.0/0", "::/0"], "9.9.9.9", false);
        check(&[], &["fd00::/8"], "fd12::1", false);
        check(&[], &["::1"], "::1", false);
        check(&[], &["::ffff:127.0.0.0/104"], "127.0.0.1", false);
        check(&[], &["127.0.0.1"], "127.0.0.2", true);
    }

    #[test]
    fn bad_blocks() {
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "a/1", "1.1.1.1/x"] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
    }
}
