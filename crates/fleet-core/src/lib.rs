//! Rollout and node sync as state machines without I/O
