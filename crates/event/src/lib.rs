//! What the gateway says to a Lambda function, and what it makes of the
//! function's answer.
//!
//! [`RestEvent`] writes the event of a REST API (payload format 1.0) as JSON
//! bytes, without a tree in between. [`Answer`] reads what a function answers
//! in that format. A function that streams answers in the frames of
//! [`Frames`], the first bytes of which are the head that [`Prelude`] reads;
//! [`frame`] makes them, for what runs functions on this machine.
//!
//! Payload format 2.0, that of HTTP APIs, will stand beside [`RestEvent`] and
//! share the writer, the maps and the reading of headers.
//!
//! The crate is pure: time and ids come in.

mod answer;
mod date;
mod frames;
mod headers;
mod json;
mod maps;
mod names;
mod path;
mod prelude;
mod query;
mod rest;

pub use answer::{Answer, MAX_PAYLOAD, Malformed, function_error};
pub use date::push_date;
pub use frames::{BrokenStream, Completion, EVENT_STREAM, Frames, Piece, frame};
pub use names::{SentNames, push_train_case};
pub use path::{Paths, Pieces};
pub use prelude::{MAX_PRELUDE, Prelude};
pub use query::{query_pairs, query_text};
pub use rest::{Body, Identity, RestEvent};
