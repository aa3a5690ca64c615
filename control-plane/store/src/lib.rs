//! The only SQL: every query of the control plane
