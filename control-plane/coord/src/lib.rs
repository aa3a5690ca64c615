//! The Coordinator trait and its Postgres implementation
