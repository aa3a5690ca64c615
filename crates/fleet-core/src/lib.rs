//! The fleet's logic without its wires: how a node follows the declared world
//! ([`node`]), how a replica follows its nodes ([`session`]), how a release
//! reaches the fleet ([`rollout`]), the world that a replica declares
//! ([`world`]), and the replica that wires the last three ([`replica`]).
//!
//! Every machine is `(state, event, now) -> effects`; `now` is in
//! milliseconds and always comes in as an argument. Nothing here does I/O,
//! reads a clock or draws at random, so `tests/simulation.rs` can run whole
//! fleets through thousands of schedules. `LIFECYCLE.md` draws the states.

pub mod declared;
pub mod message;
pub mod node;
pub mod replica;
pub mod rollout;
pub mod session;
pub mod world;
