//! AWS Signature Version 4: verify and sign.
//!
//! Pure: the clock comes in as an argument, and verification takes two steps
//! so that the caller can look the secret up in between:
//!
//! 1. [`Presented::parse`] reads what a request presents, in header or in
//!    query form, without judging it;
//! 2. the caller finds the secret of [`Presented::credential`] and derives a
//!    [`SigningKey`] (or has it already: nodes hold only daily keys);
//! 3. [`Presented::verify`] judges time and signature.
//!
//! [`sign`] and [`presign`] are the client's side.

mod canonical;
mod credential;
mod error;
mod key;
mod presented;
mod sign;
mod timestamp;
mod verify;

pub use canonical::{Request, UNRESERVED, hash_body};
pub use credential::Credential;
pub use error::Error;
pub use key::SigningKey;
pub use presented::{Form, Presented, is_signed};
pub use sign::{Signer, presign, sign, sign_with};
pub use timestamp::Timestamp;

/// The only algorithm that is signed with and accepted.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
