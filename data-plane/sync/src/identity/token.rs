//! Join tokens: whom to trust at first contact, and why to be let in.

use std::{fmt, str::FromStr};

use gw_model::Digest;

use super::Error;

/// `gwj1.{hex sha256 of the CA certificate, DER}.{secret}`.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinToken {
    /// The hash of the only CA that the node will trust.
    pub ca: Digest,
    /// What the control plane knows the token by.
    pub secret: String,
}

impl FromStr for JoinToken {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut parts = text.trim().splitn(3, '.');
        let (Some("gwj1"), Some(ca), Some(secret)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::InvalidToken);
        };
        if secret.is_empty() {
            return Err(Error::InvalidToken);
        }
        let ca = ca.parse().map_err(|_| Error::InvalidToken)?;
        Ok(Self { ca, secret: secret.to_owned() })
    }
}

/// Never shows the secret.
impl fmt::Debug for JoinToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinToken(gwj1.{}.…)", self.ca)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn reads_tokens() {
        let ca = Digest::of(b"ca");
        let token: JoinToken = format!("gwj1.{ca}.s3cret.with.dots\n").parse().unwrap();
        assert_eq!((token.ca, token.secret.as_str()), (ca, "s3cret.with.dots"));
        assert!(!format!("{token:?}").contains("s3cret"));
        for bad in ["", "gwj1", "gwj1.00.x", &format!("gwj2.{ca}.x"), &format!("gwj1.{ca}.")] {
            assert!(bad.parse::<JoinToken>().is_err(), "{bad}");
        }
    }
}
