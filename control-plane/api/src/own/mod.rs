//! Gatewright's own calls, below `/gatewright/v1/`.

pub(crate) mod certificates;
pub(crate) mod convert;
pub(crate) mod cors;
pub(crate) mod fleet;
pub(crate) mod health;
pub(crate) mod releases;
pub(crate) mod state;
pub(crate) mod vpc_targets;
