//! Judging a presented signature.

use subtle::ConstantTimeEq as _;
use time::OffsetDateTime;

use crate::{
    Error, Form, Presented, Request, SigningKey, Timestamp,
    canonical::{Rules, canonical_request, string_to_sign},
};

/// How far the clocks of client and server may differ, in seconds.
const SKEW_SECONDS: i64 = 300;

/// The body is not part of the signature.
pub(crate) const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

impl Presented {
    /// Judges time, body and signature.
    ///
    /// `body` is the SHA-256 of the body as received; `key` belongs to
    /// [`Presented::credential`].
    ///
    /// # Errors
    /// [`Error::InvalidSignature`] with AWS's reason.
    pub fn verify(
        &self,
        request: &Request<'_>,
        body: &[u8; 32],
        key: &SigningKey,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        self.check_time(Timestamp::new(now))?;
        let payload = self.payload(body)?;
        let rules = Rules {
            service: &self.credential.service,
            signed_headers: &self.signed_headers,
            payload: &payload,
        };
        let canonical = canonical_request(request, &rules);
        let expected = key.sign(&string_to_sign(&canonical, self.stamp, &self.credential));
        let mut given = [0_u8; 32];
        let readable = hex::decode_to_slice(&self.signature, &mut given).is_ok();
        if readable && bool::from(given.ct_eq(&expected)) { Ok(()) } else { Err(Error::mismatch()) }
    }

    /// The last line of the canonical request. A digest that was announced
    /// must be that of the body; UNSIGNED-PAYLOAD leaves the body open.
    fn payload(&self, body: &[u8; 32]) -> Result<String, Error> {
        let actual = hex::encode(body);
        match self.payload.as_deref() {
            Some(UNSIGNED_PAYLOAD) => Ok(UNSIGNED_PAYLOAD.to_owned()),
            Some(given) if given == actual => Ok(actual),
            Some(_) => Err(Error::mismatch()),
            None if self.credential.service == "s3" && self.form != Form::Header => {
                Ok(UNSIGNED_PAYLOAD.to_owned())
            }
            None => Ok(actual),
        }
    }

    fn check_time(&self, now: Timestamp) -> Result<(), Error> {
        if self.stamp > now.plus(SKEW_SECONDS) {
            return Err(Error::InvalidSignature(format!(
                "Signature not yet current: {} is still later than {} ({now} + 5 min.)",
                self.stamp,
                now.plus(SKEW_SECONDS)
            )));
        }
        match self.form {
            Form::Query { expires: Some(seconds) } => {
                let end = self.stamp.plus(i64::from(seconds));
                if end < now {
                    return Err(Error::InvalidSignature(format!(
                        "Signature expired: {end} is now earlier than {now}"
                    )));
                }
            }
            Form::Header | Form::Query { expires: None } => {
                let oldest = now.plus(-SKEW_SECONDS);
                if self.stamp < oldest {
                    return Err(Error::InvalidSignature(format!(
                        "Signature expired: {} is now earlier than {oldest} ({now} - 5 min.)",
                        self.stamp
                    )));
                }
            }
        }
        Ok(())
    }
}
