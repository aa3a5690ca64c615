//! Forms of answers: the XML of AWS's query services as the JSON that they
//! answer to those who ask for it.
//!
//! Services of the query protocol answer XML, and JSON to requests with
//! `Accept: application/json`. Emulators of them know the XML only; what they
//! answer becomes here what mapping templates were written for:
//! `{"SendMessageResponse":{"SendMessageResult":{...},"ResponseMetadata":{...}}}`.
//! Not a goal: XML in general. Attributes, comments and instructions are left
//! out; document types are refused, and with them every entity but the five.

mod build;
mod sqs;
mod xml;

pub use xml::{Limits, NotConverted, xml_to_json};
