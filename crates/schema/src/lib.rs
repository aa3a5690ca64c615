//! JSON Schema draft 4 as API Gateway's models have it: checked when a model is
//! made ([`check_schema`]), compiled once for a deployment ([`Compiler`]), and
//! held against bodies within bounds on depth, size and work
//! ([`Schemas::validate`]). What is wrong is told in AWS's words.
//!
//! Nothing is ever fetched: references lead to other models of the same API, or
//! nowhere.

mod check;
mod compile;
mod cycles;
mod document;
mod ecma;
mod format;
mod keywords;
mod number;
mod own;
mod pattern;
mod print;
mod read;
mod reference;
mod report;
mod same;
mod schema;
mod validate;
mod work;

pub use check::{SchemaFault, check_schema, is_keyword};
pub use compile::Compiler;
pub use document::Document;
pub use read::{MAX_DEPTH, MAX_VALUES, ReadError};
pub use reference::Reference;
pub use schema::SchemaId;
pub use validate::{Outcome, Schemas};

/// What the models of one API may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one model's schema, as text; AWS's limit is 400 KB.
    pub max_schema_bytes: usize,
    /// Estimated bytes of all that is compiled.
    pub max_bytes: usize,
    /// Schemas in all models, those within others included.
    pub max_schemas: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_schema_bytes: 400 << 10, max_bytes: 64 << 20, max_schemas: 200_000 }
    }
}
