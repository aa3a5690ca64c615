//! OpenAPI import and export as AWS does it: Swagger 2.0 and OpenAPI 3.0 and
//! 3.1 with the `x-amazon-apigateway-*` extensions of REST APIs.
//!
//! [`parse()`] turns a document into an [`Import`], or says everything that is
//! wrong with it in AWS's words. [`new_rest_api`] and [`apply()`] put an import
//! into a working copy; [`export()`] makes a document of an API again;
//! [`diff()`] tells two forms of an API apart. With
//! [`Options::adapt`] any published API description can be imported, and each
//! change to it is reported.
//!
//! The crate is pure: ids come from the caller, and equal input gives equal
//! output.

mod adapt;
mod adapt_operation;
pub mod apply;
mod context;
mod described;
pub mod diff;
mod document;
pub mod documentation;
pub mod error;
pub mod export;
pub mod import;
mod integration;
mod nesting;
mod operation;
pub mod options;
mod parse;
mod paths;
mod schema;
mod security;
mod server;
mod settings;
pub mod tree;

pub use apply::{IdKind, NewId, apply, new_rest_api};
pub use diff::{Change, DiffEntry, diff};
pub use documentation::{ImportedDocumentation, parse_documentation, read_documentation};
pub use error::{ImportErrors, Refusal};
pub use export::{
    ExportFormat, ExportOptions, Extensions, InvalidExportFormat, InvalidExtension, NoYaml,
    ShownDocumentation, export, to_json, to_yaml,
};
pub use import::{Adaptation, AdaptationKind, Import, ImportedModel, MODEL_URL, Settings};
pub use options::{
    AWS_MAX_DOCUMENT_BYTES, Adapt, BasePath, InvalidBasePath, MAX_DOCUMENT_BYTES, Mode, Options,
    Variables,
};
pub use parse::parse;
