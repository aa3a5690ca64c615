//! Reading JSON bodies as AWS does: a wrong type is a `SerializationException`
//! at once; enumerations and required members are collected, so that one
//! `ValidationException` names them all. Unknown members are ignored, null
//! means absent.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::Fault;

/// A request that can be read from a body.
pub trait FromBody: Sized {
    /// AWS's name of the input shape with a small first letter, as it stands
    /// in validation messages: `createRestApiInput`.
    const INPUT: &'static str;

    /// Takes the members out of the body.
    ///
    /// # Errors
    /// When a member has a wrong JSON type.
    fn read(body: &mut Body) -> Result<Self, Fault>;

    /// Reads a whole body. An empty one counts as `{}`.
    ///
    /// # Errors
    /// When it is not a JSON object, or members are of a wrong type, absent
    /// though required, or outside their enumeration.
    fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let mut body = Body::parse(Self::INPUT, bytes)?;
        let value = Self::read(&mut body)?;
        body.finish()?;
        Ok(value)
    }
}

/// A JSON object being read.
#[derive(Debug)]
pub struct Body {
    members: Map<String, Value>,
    place: String,
    violations: Vec<String>,
}

impl Body {
    /// Parses a body; `place` prefixes the names in validation messages.
    ///
    /// # Errors
    /// When it is not a JSON object.
    pub fn parse(place: &str, bytes: &[u8]) -> Result<Self, Fault> {
        let members = if bytes.iter().all(u8::is_ascii_whitespace) {
            Map::new()
        } else {
            match serde_json::from_slice(bytes) {
                Ok(Value::Object(members)) => members,
                Ok(_) => {
                    return Err(Fault::serialization("Expected a JSON object as request body"));
                }
                Err(error) => {
                    return Err(Fault::serialization(format!(
                        "Could not parse request body into json: {error}"
                    )));
                }
            }
        };
        Ok(Self { members, place: place.to_owned(), violations: Vec::new() })
    }

    /// Fails if anything was found amiss.
    ///
    /// # Errors
    /// A `ValidationException` over all violations.
    pub fn finish(self) -> Result<(), Fault> {
        if self.violations.is_empty() { Ok(()) } else { Err(Fault::validation(&self.violations)) }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    /// Notes a value outside its enumeration.
    fn not_in(&mut self, value: &str, at: &str, allowed: &[&str]) {
        self.violations.push(format!(
            "Value '{value}' at '{}.{at}' failed to satisfy constraint: \
             Member must satisfy enum value set: [{}]",
            self.place,
            allowed.join(", ")
        ));
    }

    /// Whether a member is there and not null.
    pub fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    /// A text.
    ///
    /// # Errors
    /// When it is of another type; so for all readers below.
    pub fn string(&mut self, name: &str) -> Result<Option<String>, Fault> {
        self.take(name).map(as_string).transpose()
    }

    /// A text that must be there; an absent one is noted and read as empty.
    pub fn required(&mut self, name: &str) -> Result<String, Fault> {
        let value = self.string(name)?;
        if value.is_none() {
            self.violations.push(format!(
                "Value null at '{}.{name}' failed to satisfy constraint: Member must not be null",
                self.place
            ));
        }
        Ok(value.unwrap_or_default())
    }

    /// A text out of an enumeration.
    pub fn one_of(&mut self, name: &str, allowed: &[&str]) -> Result<Option<String>, Fault> {
        let value = self.string(name)?;
        if let Some(text) = value.as_deref().filter(|text| !allowed.contains(text)) {
            self.not_in(text, name, allowed);
        }
        Ok(value)
    }

    /// A status code, three digits.
    pub fn status_code(&mut self, name: &str) -> Result<Option<String>, Fault> {
        self.pattern(name, r"[1-5]\d\d", gw_model::check::is_status_code)
    }

    /// A status code, `*` for any, or blank.
    pub fn documented_status(&mut self, name: &str) -> Result<Option<String>, Fault> {
        let fine = |text: &str| {
            text == "*" || text.trim().is_empty() || gw_model::check::is_status_code(text)
        };
        let value = self.pattern(name, r"^([1-5]\d\d|\*|\s*)$", fine)?;
        Ok(value.filter(|text| !text.trim().is_empty()))
    }

    /// A text that must match; `expression` is AWS's.
    fn pattern(
        &mut self,
        name: &str,
        expression: &str,
        matches: impl Fn(&str) -> bool,
    ) -> Result<Option<String>, Fault> {
        let value = self.string(name)?;
        if let Some(text) = value.as_deref().filter(|text| !matches(text)) {
            self.violations.push(format!(
                "Value '{text}' at '{}.{name}' failed to satisfy constraint: Member must satisfy \
                 regular expression pattern: {expression}",
                self.place
            ));
        }
        Ok(value)
    }

    /// Notes those of a list that are outside their enumeration.
    pub fn each_of(&mut self, name: &str, values: &[String], allowed: &[&str]) {
        if values.iter().any(|value| !allowed.contains(&value.as_str())) {
            self.violations.push(format!(
                "Value '[{}]' at '{}.{name}' failed to satisfy constraint: \
                 Member must satisfy constraint: [Member must satisfy enum value set: [{}]]",
                values.join(", "),
                self.place,
                allowed.join(", ")
            ));
        }
    }

    /// A truth value.
    pub fn boolean(&mut self, name: &str) -> Result<Option<bool>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(other) => Err(wrong_type(&other, "Boolean")),
        }
    }

    /// A whole number; `None` if the member is absent.
    ///
    /// # Errors
    /// When the member is anything else.
    pub fn integer(&mut self, name: &str) -> Result<Option<i64>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| wrong_type(&value, "Integer")),
        }
    }

    /// A number, whole or not; `None` if the member is absent.
    ///
    /// # Errors
    /// When the member is anything else.
    pub fn double(&mut self, name: &str) -> Result<Option<f64>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => value.as_f64().map(Some).ok_or_else(|| wrong_type(&value, "Double")),
        }
    }

    /// A list of texts; absent means empty.
    pub fn strings(&mut self, name: &str) -> Result<Vec<String>, Fault> {
        self.list(name)?.into_iter().flatten().map(as_string).collect()
    }

    /// A list of texts, with absent kept apart from empty.
    pub fn optional_strings(&mut self, name: &str) -> Result<Option<Vec<String>>, Fault> {
        match self.list(name)? {
            None => Ok(None),
            Some(values) => values.into_iter().map(as_string).collect::<Result<_, _>>().map(Some),
        }
    }

    /// A list of objects, each read by `read`; places count from 1.
    pub fn objects<T>(
        &mut self,
        name: &str,
        read: impl Fn(&mut Self) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut out = Vec::new();
        for (index, value) in self.list(name)?.into_iter().flatten().enumerate() {
            let place = format!("{}.{name}.{}.member", self.place, index + 1);
            out.push(self.nested(value, place, &read)?);
        }
        Ok(out)
    }

    /// An object within, read by `read`.
    pub fn object<T>(
        &mut self,
        name: &str,
        read: impl Fn(&mut Self) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let place = format!("{}.{name}", self.place);
        self.nested(value, place, &read).map(Some)
    }

    fn nested<T>(
        &mut self,
        value: Value,
        place: String,
        read: &impl Fn(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let Value::Object(members) = value else {
            return Err(Fault::serialization("Start of structure or map expected"));
        };
        let mut body = Self { members, place, violations: Vec::new() };
        let out = read(&mut body)?;
        self.violations.append(&mut body.violations);
        Ok(out)
    }

    /// A map of objects, each read by `read`; absent means empty.
    pub fn object_map<T>(
        &mut self,
        name: &str,
        read: impl Fn(&mut Self) -> Result<T, Fault>,
    ) -> Result<BTreeMap<String, T>, Fault> {
        let mut out = BTreeMap::new();
        let pairs = self.map(name)?.into_iter().flatten().filter(|(_, value)| !value.is_null());
        for (key, value) in pairs {
            let place = format!("{}.{name}.{key}.member", self.place);
            out.insert(key, self.nested(value, place, &read)?);
        }
        Ok(out)
    }

    /// A map of texts; absent means empty.
    pub fn string_map(&mut self, name: &str) -> Result<BTreeMap<String, String>, Fault> {
        let pairs = self.map(name)?.into_iter().flatten().filter(|(_, value)| !value.is_null());
        pairs.map(|(key, value)| Ok((key, as_string(value)?))).collect()
    }

    /// A map of lists of texts; absent means empty.
    pub fn string_lists(&mut self, name: &str) -> Result<BTreeMap<String, Vec<String>>, Fault> {
        let pairs = self.map(name)?.into_iter().flatten().filter(|(_, value)| !value.is_null());
        pairs
            .map(|(key, value)| match value {
                Value::Array(values) => {
                    let values = values.into_iter().map(as_string);
                    Ok((key, values.collect::<Result<_, _>>()?))
                }
                _ => Err(Fault::serialization("Expected list or null")),
            })
            .collect()
    }

    /// A map of texts or nulls; absent means empty.
    pub fn nullable_map(&mut self, name: &str) -> Result<BTreeMap<String, Option<String>>, Fault> {
        let pairs = self.map(name)?.into_iter().flatten();
        pairs
            .map(|(key, value)| match value {
                Value::Null => Ok((key, None)),
                other => Ok((key, Some(as_string(other)?))),
            })
            .collect()
    }

    /// A map of truth values; absent means empty.
    pub fn boolean_map(&mut self, name: &str) -> Result<BTreeMap<String, bool>, Fault> {
        let pairs = self.map(name)?.into_iter().flatten().filter(|(_, value)| !value.is_null());
        pairs
            .map(|(key, value)| match value {
                Value::Bool(value) => Ok((key, value)),
                other => Err(wrong_type(&other, "Boolean")),
            })
            .collect()
    }

    fn map(&mut self, name: &str) -> Result<Option<Map<String, Value>>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(Value::Array(_)) => {
                Err(Fault::serialization("Start of list found where not expected"))
            }
            Some(other) => Err(wrong_type(&other, "Map")),
        }
    }

    fn list(&mut self, name: &str) -> Result<Option<Vec<Value>>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(values)) => Ok(Some(values)),
            Some(_) => Err(Fault::serialization("Expected list or null")),
        }
    }
}

fn as_string(value: Value) -> Result<String, Fault> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(wrong_type(&other, "String")),
    }
}

/// AWS's text, which lets its Java shine through.
fn wrong_type(given: &Value, wanted: &str) -> Fault {
    let class = match given {
        Value::Object(_) => {
            return Fault::serialization("Start of structure or map found where not expected");
        }
        Value::Array(_) => return Fault::serialization("Start of list found where not expected"),
        Value::Bool(_) => "Boolean",
        Value::String(_) => "String",
        Value::Null => "Object",
        Value::Number(_) => {
            return Fault::serialization(format!(
                "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be \
                 converted to an {wanted}"
            ));
        }
    };
    Fault::serialization(format!("class java.lang.{class} can not be converted to an {wanted}"))
}
