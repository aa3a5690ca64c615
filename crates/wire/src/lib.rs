//! The shapes on the wire: AWS's management API (`aws`, patch operations,
//! paging) and Gatewright's own additions below `/gatewright/v1/`
//! ([`gatewright`]). Serde only; the admin API serves these types and `gwctl`
//! reads them.

pub mod gatewright;
