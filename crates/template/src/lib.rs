//! Velocity mapping templates and Jayway's JSONPath, as API Gateway runs them.
//!
//! A [`Template`] is compiled once, when a deployment is made; errors name line
//! and column. It is rendered many times against a [`Source`], the values of one
//! request, within [`Limits`]. A [`JsonPath`] likewise is parsed once and read
//! many times.
//!
//! The language is that of Apache Velocity 1.7, lexical states, null rules and
//! Java arithmetic included; the corpus in `tests/data` holds it to the original.
//! What API Gateway is known to do otherwise is done its way: members that are
//! not there print as nothing, lists read from JSON print as JSON.
//!
//! This crate does no I/O, reads no clock, and never panics on a template, path
//! or document, however odd: a hostile template ends with an error.

mod ast;
mod error;
mod json;
mod lex;
mod limits;
mod methods;
mod names;
mod overrides;
mod parse;
mod path;
mod render;
mod source;
mod template;
mod trace;
mod value;

pub use error::{CompileError, Fault, Position, RenderError};
pub use limits::Limits;
pub use methods::translate_pattern;
pub use overrides::{Multi, Overrides, RequestOverride, ResponseOverride};
pub use path::{Document, JsonPath, PathError};
pub use source::{Empty, Leaf, Place, Source};
pub use template::{Rendered, Template};
pub use trace::{Step, Tracer};
