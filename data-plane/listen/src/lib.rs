//! Sockets, TLS and the HTTP front.
//!
//! [`Workers`] runs one thread per core. Each has its own listening sockets
//! (SO_REUSEPORT), its own runtime and its own [`Handler`], built on that
//! thread, so that nothing on the path of a request is shared. A connection
//! speaks HTTP/1.1 or HTTP/2, told by its first bytes or by ALPN.
//!
//! HTTP/1 bytes pass a scanner (`framing`) before hyper reads them: a message
//! that two parsers could read differently is answered 400 or cut, and never
//! reaches the handler. After that `Host` is the one word on where a request
//! goes, also for HTTP/2.
//!
//! A drain goes through the phases of [`Phase`] and loses no request.

mod bodiless;
mod conn;
mod core;
mod framing;
#[doc(hidden)]
pub mod fuzz;
mod heads;
mod io;
mod limits;
mod linger;
mod phase;
mod socket;
mod stats;
mod tls;
mod vet;
mod workers;

pub use conn::{AnswerBody, ConnInfo};
pub use core::Handler;
pub use heads::Heads;
pub use limits::Limits;
pub use phase::Phase;
pub use stats::{Count, Stats};
pub use tls::{
    CertificateError, CertificateStore, Certificates, NamedCertificates, certified_key,
    certified_key_der, certified_key_files,
};
pub use workers::{Bound, BoxError, Drained, Settings, StartError, Workers};
