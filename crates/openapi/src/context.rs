//! What all steps of one import share: the document, its version, and the
//! lists of faults, warnings and adaptations.

use std::{borrow::Cow, collections::HashSet};

use serde_json::{Map, Value};

use crate::{Adaptation, AdaptationKind, Options};

/// A JSON map.
pub(crate) type Members = Map<String, Value>;

/// How far `$ref`s are followed before they count as a circle.
const MAX_REFERENCES: usize = 32;

/// How much a document may unfold to through `$ref`s, in values and bytes of
/// text. What is referred to counts each time.
const MAX_UNFOLDED: usize = 64 * 1024 * 1024;

/// Said once, when the document unfolds to more.
const UNFOLDS_TOO_FAR: &str = "The document unfolds to more than 64 MB through references";

/// Which specification a document follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Swagger2,
    OpenApi3,
}

/// One import under way.
pub(crate) struct Context<'d> {
    pub(crate) root: &'d Members,
    pub(crate) version: Version,
    pub(crate) options: &'d Options,
    pub(crate) errors: Vec<String>,
    pub(crate) warnings: Vec<String>,
    /// The warnings again: each is given once.
    warned: HashSet<String>,
    pub(crate) adaptations: Vec<Adaptation>,
    /// What is left of [`MAX_UNFOLDED`].
    left: usize,
}

impl<'d> Context<'d> {
    pub(crate) fn new(root: &'d Members, version: Version, options: &'d Options) -> Self {
        Self {
            root,
            version,
            options,
            errors: Vec::new(),
            warnings: Vec::new(),
            warned: HashSet::new(),
            adaptations: Vec::new(),
            left: MAX_UNFOLDED,
        }
    }

    /// Takes a value into account; false once the document unfolds too far.
    pub(crate) fn spend(&mut self, value: &Value) -> bool {
        weigh(value, &mut self.left);
        if self.left == 0 && !self.errors.iter().any(|error| error == UNFOLDS_TOO_FAR) {
            self.error(UNFOLDS_TOO_FAR);
        }
        self.left > 0
    }

    pub(crate) fn adapting(&self) -> bool {
        self.options.adapt.is_some()
    }

    pub(crate) fn error(&mut self, text: impl Into<String>) {
        self.errors.push(text.into());
    }

    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        let text = text.into();
        if self.warned.insert(text.clone()) {
            self.warnings.push(text);
        }
    }

    pub(crate) fn adapted(
        &mut self,
        kind: AdaptationKind,
        place: impl Into<String>,
        detail: impl Into<String>,
    ) {
        self.adaptations.push(Adaptation { kind, place: place.into(), detail: detail.into() });
    }

    /// A fault that adaptation turns into a warning: what is at fault is left out.
    pub(crate) fn refuse_or_drop(&mut self, place: &str, fault: String) {
        if self.adapting() {
            self.adapted(AdaptationKind::Dropped, place, fault.clone());
            self.warn(format!("{fault}. Ignoring."));
        } else {
            self.error(fault);
        }
    }

    /// The map at `value`; any other type is a parse issue.
    pub(crate) fn map(&mut self, value: &'d Value, place: &str) -> Option<&'d Members> {
        if value.as_object().is_none() {
            self.error(format!("Parse issue: attribute {place} is not of type `object`"));
        }
        value.as_object()
    }

    /// The map that is a member of `parent`, if the member is there.
    pub(crate) fn member(
        &mut self,
        parent: &'d Members,
        name: &str,
        place: &str,
    ) -> Option<&'d Members> {
        match parent.get(name)? {
            Value::Null => None,
            value => self.map(value, &format!("{place}{name}")),
        }
    }

    /// A text member; numbers and booleans count as their text.
    pub(crate) fn text(&mut self, parent: &'d Members, name: &str, place: &str) -> Option<String> {
        let value = parent.get(name)?;
        let text = scalar(value);
        if text.is_none() && !value.is_null() {
            self.error(format!("Parse issue: attribute {place}.{name} is not of type `string`"));
        }
        text.map(Cow::into_owned)
    }

    /// A boolean member; its text counts too.
    pub(crate) fn flag(&mut self, parent: &'d Members, name: &str, place: &str) -> Option<bool> {
        let value = parent.get(name)?;
        let flag = match scalar(value).as_deref() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        };
        if flag.is_none() && !value.is_null() {
            self.error(format!("Parse issue: attribute {place}.{name} is not of type `boolean`"));
        }
        flag
    }

    /// A list of texts.
    pub(crate) fn texts(
        &mut self,
        parent: &'d Members,
        name: &str,
        place: &str,
    ) -> Option<Vec<String>> {
        let value = parent.get(name)?;
        let texts = value.as_array().and_then(|items| {
            items.iter().map(|item| scalar(item).map(Cow::into_owned)).collect::<Option<Vec<_>>>()
        });
        if texts.is_none() && !value.is_null() {
            self.error(format!("Parse issue: attribute {place}.{name} is not of type `array`"));
        }
        texts
    }

    /// Follows the `$ref`s of `value`. A reference that leads nowhere is a
    /// fault, or dropped with a warning under adaptation.
    pub(crate) fn resolve(&mut self, value: &'d Value, place: &str) -> Option<&'d Value> {
        match self.follow(value) {
            Ok(found) if std::ptr::eq(found, value) => Some(value),
            Ok(found) => self.spend(found).then_some(found),
            Err(reference) => {
                self.refuse_or_drop(place, missing(place, &reference));
                None
            }
        }
    }

    /// Follows `$ref`s without a word; `Err` is the reference that leads nowhere.
    pub(crate) fn follow(&self, mut value: &'d Value) -> Result<&'d Value, String> {
        for _ in 0..MAX_REFERENCES {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
                return Ok(value);
            };
            value = self.look_up(reference).ok_or_else(|| reference.to_owned())?;
        }
        Err(value.get("$ref").and_then(Value::as_str).unwrap_or("a circle").to_owned())
    }

    fn look_up(&self, reference: &str) -> Option<&'d Value> {
        let mut parts = reference.strip_prefix("#/")?.split('/').map(unescape);
        let mut value = self.root.get(parts.next()?.as_ref())?;
        for part in parts {
            value = match value {
                Value::Object(members) => members.get(part.as_ref())?,
                Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(value)
    }

    /// The map below `components` (OpenAPI 3) or at the root (Swagger 2).
    pub(crate) fn definitions(&mut self, openapi: &str, swagger: &str) -> Option<&'d Members> {
        match self.version {
            Version::Swagger2 => self.member(self.root, swagger, ""),
            Version::OpenApi3 => {
                let components = self.member(self.root, "components", "")?;
                self.member(components, openapi, "components.")
            }
        }
    }
}

/// Takes the weight of a value off what is left, down to nothing.
fn weigh(value: &Value, left: &mut usize) {
    let own = match value {
        Value::String(text) => text.len(),
        _ => 0,
    };
    *left = left.saturating_sub(own + 1);
    match value {
        _ if *left == 0 => {}
        Value::Array(items) => items.iter().for_each(|item| weigh(item, left)),
        Value::Object(members) => members.values().for_each(|member| weigh(member, left)),
        _ => {}
    }
}

/// AWS's text for a reference that leads nowhere.
pub(crate) fn missing(place: &str, reference: &str) -> String {
    format!("Parse issue: attribute {place}.{reference} is missing")
}

/// A scalar as text.
pub(crate) fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(flag) => Some(if *flag { "true" } else { "false" }.into()),
        _ => None,
    }
}

/// One part of a JSON pointer inside a URI fragment.
fn unescape(part: &str) -> Cow<'_, str> {
    if !part.contains(['~', '%']) {
        return part.into();
    }
    percent_decode(part).replace("~1", "/").replace("~0", "~").into()
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = (*first == b'%').then(|| tail.get(..2)).flatten();
        let decoded = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
