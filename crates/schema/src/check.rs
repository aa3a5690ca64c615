//! What a schema of draft 4 must look like: what AWS refuses when a model is
//! made.

use std::collections::BTreeSet;

use crate::{
    Document, Reference,
    document::{Kind, Value},
    ecma,
    number::Divisor,
    print,
};

/// What is wrong with a model's schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaFault {
    /// It is no JSON object.
    #[error("not a JSON object")]
    NoObject,
    /// It has keywords that are not of draft 4.
    #[error("unsupported keyword(s): {}", print::list(.0))]
    Unsupported(Vec<String>),
    /// A reference that leads to no model.
    #[error("{place}: a reference is #, #/.. or the URL of a model of this API")]
    Reference {
        /// The JSON pointer of the schema.
        place: String,
    },
    /// A keyword has a value that it cannot have.
    #[error("{place}: {reason}")]
    Invalid {
        /// The JSON pointer of the keyword's value.
        place: String,
        /// Why.
        reason: String,
    },
}

/// Keywords that models may have.
const KEYWORDS: [&str; 33] = [
    "$ref",
    "$schema",
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "default",
    "definitions",
    "dependencies",
    "description",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "id",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "properties",
    "required",
    "title",
    "type",
];

/// Whether models know a keyword.
pub fn is_keyword(name: &str) -> bool {
    name == "uniqueItems" || KEYWORDS.contains(&name)
}

/// Checks a schema; the names of the models that it refers to come back.
///
/// # Errors
/// The first fault, in the order of the text.
pub fn check_schema(text: &str) -> Result<BTreeSet<String>, SchemaFault> {
    let document = Document::read(text.as_bytes()).map_err(|_| SchemaFault::NoObject)?;
    check_document(&document)
}

pub(crate) fn check_document(document: &Document<'_>) -> Result<BTreeSet<String>, SchemaFault> {
    if !document.root().is_object() {
        return Err(SchemaFault::NoObject);
    }
    let mut checker = Checker { models: BTreeSet::new(), place: Vec::new() };
    checker.schema(document.root())?;
    Ok(checker.models)
}

struct Checker<'d> {
    models: BTreeSet<String>,
    place: Vec<&'d str>,
}

type Checked = Result<(), SchemaFault>;

impl<'d> Checker<'d> {
    fn pointer(&self) -> String {
        self.place.iter().fold(String::new(), |pointer, step| {
            pointer + "/" + &step.replace('~', "~0").replace('/', "~1")
        })
    }

    fn fault<T>(&self, reason: impl Into<String>) -> Result<T, SchemaFault> {
        Err(SchemaFault::Invalid { place: self.pointer(), reason: reason.into() })
    }

    fn want(&self, is_good: bool, reason: &str) -> Checked {
        if is_good { Ok(()) } else { self.fault(reason) }
    }

    fn schema(&mut self, schema: Value<'d>) -> Checked {
        self.want(schema.is_object(), "a schema is an object")?;
        if let Some(target) = schema.get("$ref") {
            return self.reference(target);
        }
        let unknown = schema.members().map(|(name, _)| name).filter(|name| !is_keyword(name));
        let unknown: Vec<String> = unknown.map(str::to_owned).collect();
        if !unknown.is_empty() {
            return Err(SchemaFault::Unsupported(unknown));
        }
        for (name, value) in schema.members() {
            self.place.push(name);
            self.keyword(schema, name, value)?;
            self.place.pop();
        }
        Ok(())
    }

    fn reference(&mut self, target: Value<'d>) -> Checked {
        let Some(text) = target.as_str() else { return self.fault("$ref must be a string") };
        match Reference::parse(text) {
            Some(Reference { model, .. }) => {
                self.models.extend(model.map(str::to_owned));
                Ok(())
            }
            None => Err(SchemaFault::Reference { place: self.pointer() }),
        }
    }

    fn keyword(&mut self, schema: Value<'d>, name: &str, value: Value<'d>) -> Checked {
        match name {
            "$schema" | "description" | "format" | "id" | "title" => {
                self.want(value.as_str().is_some(), "must be a string")
            }
            "maxItems" | "minItems" | "maxLength" | "minLength" | "maxProperties"
            | "minProperties" => self.want(count(value).is_some(), "must be an integer from 0"),
            "maximum" | "minimum" => self.want(value.as_number().is_some(), "must be a number"),
            "exclusiveMaximum" => self.exclusive(schema, "maximum", value),
            "exclusiveMinimum" => self.exclusive(schema, "minimum", value),
            "uniqueItems" => self.want(value.as_bool().is_some(), "must be a boolean"),
            "multipleOf" => {
                let divisor = value.as_number().and_then(Divisor::of);
                self.want(divisor.is_some(), "must be a number above 0 of at most 36 digits")
            }
            "pattern" => match value.as_str() {
                Some(text) => self.pattern(text),
                None => self.fault("must be a string"),
            },
            "enum" => self.values(value),
            "type" => self.types(value),
            "required" => self.names(value),
            "items" if value.is_object() => self.schema(value),
            "not" => self.schema(value),
            "items" | "allOf" | "anyOf" | "oneOf" => self.list(value),
            "additionalItems" | "additionalProperties" if value.as_bool().is_some() => Ok(()),
            "additionalItems" | "additionalProperties" => self.schema(value),
            "definitions" | "properties" | "patternProperties" | "dependencies" => {
                self.map(name, value)
            }
            _ => Ok(()),
        }
    }

    fn exclusive(&self, schema: Value<'d>, bound: &str, value: Value<'d>) -> Checked {
        self.want(value.as_bool().is_some(), "must be a boolean")?;
        self.want(schema.get(bound).is_some(), &format!("needs {bound}"))
    }

    fn pattern(&self, text: &str) -> Checked {
        match ecma::translate(text) {
            Ok(_) => Ok(()),
            Err(reason) => self.fault(format!("no regular expression of ECMA 262: {reason}")),
        }
    }

    fn values(&self, value: Value<'d>) -> Checked {
        self.want(value.is_array() && value.len() > 0, "must be a list, not empty")?;
        self.unique(value)
    }

    fn unique(&self, value: Value<'d>) -> Checked {
        let mut work = crate::work::Work::new(1 << 24);
        let has_duplicates = crate::same::has_duplicates(value, &mut work);
        self.want(has_duplicates == Ok(false), "must not have equal elements")
    }

    fn types(&self, value: Value<'d>) -> Checked {
        let is_type = |value: Value<'_>| value.as_str().and_then(Kind::parse).is_some();
        let is_list = value.len() > 0 && value.items().all(is_type);
        let wanted = "must be array, boolean, integer, null, number, object or string, or a list \
                      of them";
        self.want(is_type(value) || (value.is_array() && is_list), wanted)?;
        if value.is_array() { self.unique(value) } else { Ok(()) }
    }

    fn names(&self, value: Value<'d>) -> Checked {
        let is_list = value.is_array() && value.items().all(|item| item.as_str().is_some());
        self.want(is_list && value.len() > 0, "must be a list of strings, not empty")?;
        self.unique(value)
    }

    fn list(&mut self, value: Value<'d>) -> Checked {
        self.want(value.is_array() && value.len() > 0, "must be a list of schemas, not empty")?;
        value.items().try_for_each(|item| self.schema(item))
    }

    fn map(&mut self, keyword: &str, value: Value<'d>) -> Checked {
        self.want(value.is_object(), "must be an object")?;
        for (name, value) in value.members() {
            self.place.push(name);
            match keyword {
                "dependencies" if value.is_array() => self.names(value)?,
                "patternProperties" => {
                    self.pattern(name)?;
                    self.schema(value)?;
                }
                _ => self.schema(value)?,
            }
            self.place.pop();
        }
        Ok(())
    }
}

/// A count as keywords have it: an integer from 0, also as `3.0`.
pub(crate) fn count(value: Value<'_>) -> Option<u64> {
    if value.kind() != Kind::Integer {
        return None;
    }
    let text = value.as_number()?;
    // Nothing is as large as what does not fit.
    (!text.starts_with('-') || text == "-0")
        .then(|| text.trim_start_matches('-').parse().unwrap_or(u64::MAX))
}
