//! One function per fuzz target. The fuzzers call them with mutated bytes
//! (`tests/fuzz`), and an ordinary test replays their corpora. A target fails by
//! panicking; answers and errors are both fine.

mod admin;
mod front;
mod openapi;
mod route;
mod signature;
mod strict_http;
mod world;

pub use admin::admin;
pub use front::http_front;
pub use openapi::openapi;
pub use route::route;
pub use world::world;

/// A fuzz target: takes any bytes.
pub type Target = fn(&[u8]);

/// Every target by name, for the replay.
pub const ALL: &[(&str, Target)] = &[
    ("admin", admin),
    ("http_front", http_front),
    ("openapi", openapi),
    ("route", route),
    ("world", world),
];
