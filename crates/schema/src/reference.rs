//! `$ref`: to another model of the API, or within the own one.

/// What stands before a model's name in a reference to it.
const MODELS: &str = "/models/";

/// Where a reference leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'t> {
    /// Another model; `None` for the one that holds the reference.
    pub model: Option<&'t str>,
    /// The JSON pointer of a part of it, percent-encoded; empty for the whole.
    pub pointer: &'t str,
}

impl<'t> Reference<'t> {
    /// Parses `#`, `#/definitions/a` or
    /// `https://{host}/restapis/{api}/models/{name}`, perhaps with a pointer.
    /// `None` for what is none of them: nothing else is ever looked up.
    pub fn parse(text: &'t str) -> Option<Self> {
        let (document, fragment) = text.split_once('#').unwrap_or((text, ""));
        if !fragment.is_empty() && !fragment.starts_with('/') {
            return None;
        }
        if document.is_empty() {
            return text.starts_with('#').then_some(Self { model: None, pointer: fragment });
        }
        let (_, name) = document.rsplit_once(MODELS)?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_name.then_some(Self { model: Some(name), pointer: fragment })
    }

    /// The names on the way to the part.
    pub(crate) fn steps(&self) -> impl Iterator<Item = String> {
        self.pointer
            .split('/')
            .skip(1)
            .map(|step| decode(step).replace("~1", "/").replace("~0", "~"))
    }
}

fn decode(step: &str) -> String {
    let bytes = step.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = (*byte == b'%').then(|| step.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(code) => {
                out.push(code);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
