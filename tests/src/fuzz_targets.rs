//! One function per fuzz target. The fuzzers call them with mutated bytes
//! (`tests/fuzz`), and an ordinary test replays their corpora. A target fails by
//! panicking; answers and errors are both fine.

mod admin;
mod front;
mod jsonpath;
mod lambda;
mod negotiation;
mod openapi;
mod route;
mod schema;
mod signature;
mod strict_http;
mod template;
mod world;
mod xml;

pub use admin::admin;
pub use front::http_front;
pub use jsonpath::jsonpath;
pub use lambda::lambda;
pub use negotiation::negotiation;
pub use openapi::openapi;
pub use route::route;
pub use schema::schema;
pub use template::template;
pub use world::world;
pub use xml::xml;

/// A fuzz target: takes any bytes.
pub type Target = fn(&[u8]);

/// Every target by name, for the replay.
pub const ALL: &[(&str, Target)] = &[
    ("admin", admin),
    ("http_front", http_front),
    ("jsonpath", jsonpath),
    ("lambda", lambda),
    ("negotiation", negotiation),
    ("openapi", openapi),
    ("route", route),
    ("schema", schema),
    ("template", template),
    ("world", world),
    ("xml", xml),
];
