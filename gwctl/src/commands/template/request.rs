//! The request that a template sees, from a file and from flags.

use std::collections::BTreeMap;

use gw_template::{Leaf, Place, Source};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Names and values in the order in which they were given.
type Pairs = Vec<(String, String)>;

/// What the context file holds; every member may be absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct File {
    /// `$context`, maps within maps.
    context: Map<String, Value>,
    /// `$input.params().path`.
    path: Map<String, Value>,
    /// `$input.params().querystring`.
    querystring: Map<String, Value>,
    /// `$input.params().header`.
    header: Map<String, Value>,
    /// `$stageVariables`.
    stage_variables: Map<String, Value>,
    /// `$input.body`: a text as it is, anything else as JSON.
    body: Option<Value>,
}

/// A request that never was.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) body: String,
    context: Map<String, Value>,
    path: Pairs,
    query: Pairs,
    header: Pairs,
    stage_variables: BTreeMap<String, String>,
}

impl Request {
    /// Reads a context file.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let file: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| error.to_string())?;
        let file: File = serde_json::from_value(file.into()).map_err(|error| error.to_string())?;
        let body = match file.body {
            None => String::new(),
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
        };
        Ok(Self {
            body,
            context: file.context,
            path: texts("path", file.path)?,
            query: texts("querystring", file.querystring)?,
            header: texts("header", file.header)?,
            stage_variables: texts("stageVariables", file.stage_variables)?.into_iter().collect(),
        })
    }

    /// Adds `PLACE.NAME=VALUE`, in place of what the file says of it.
    pub(super) fn param(&mut self, text: &str) -> Result<(), String> {
        let split = text.split_once('=').and_then(|(key, value)| {
            let (place, name) = key.split_once('.')?;
            Some((place, name, value))
        });
        let wrong = || {
            format!("`{text}`: write it as PLACE.NAME=VALUE, the place path, querystring or header")
        };
        let (place, name, value) = split.ok_or_else(wrong)?;
        let pairs = match place {
            "path" => &mut self.path,
            "querystring" => &mut self.query,
            "header" => &mut self.header,
            _ => return Err(wrong()),
        };
        pairs.retain(|(known, _)| known != name);
        pairs.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    /// Adds `NAME=VALUE`.
    pub(super) fn set_stage_variable(&mut self, text: &str) -> Result<(), String> {
        let (name, value) =
            text.split_once('=').ok_or_else(|| format!("`{text}`: write it as NAME=VALUE"))?;
        self.stage_variables.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    fn pairs(&self, place: Place) -> &Pairs {
        match place {
            Place::Path => &self.path,
            Place::QueryString => &self.query,
            Place::Header => &self.header,
        }
    }
}

/// Parameters are text; numbers and truth values count as theirs.
fn texts(member: &str, values: Map<String, Value>) -> Result<Pairs, String> {
    let text = |(name, value)| match value {
        Value::String(text) => Ok((name, text)),
        Value::Number(_) | Value::Bool(_) => Ok((name, value.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(format!("`{member}.{name}` must be a text"))
        }
    };
    values.into_iter().map(text).collect()
}

fn leaf(value: &Value) -> Option<Leaf<'_>> {
    Some(match value {
        Value::Object(_) => return None,
        Value::String(text) => Leaf::Text(text.into()),
        Value::Bool(value) => Leaf::Bool(*value),
        Value::Null => Leaf::Null,
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Leaf::Integer(whole),
            None => Leaf::Text(number.to_string().into()),
        },
        // No value of AWS's is a list; as text it can be seen at least.
        Value::Array(_) => Leaf::Text(value.to_string().into()),
    })
}

fn each_leaf<'v>(
    values: &'v Map<String, Value>,
    path: &mut Vec<&'v str>,
    each: &mut dyn FnMut(&[&str], Leaf<'_>),
) {
    for (name, value) in values {
        path.push(name);
        match (value, leaf(value)) {
            (Value::Object(inner), _) => each_leaf(inner, path, each),
            (_, Some(leaf)) => each(path, leaf),
            (_, None) => {}
        }
        path.pop();
    }
}

impl Source for Request {
    fn body(&self) -> &str {
        &self.body
    }

    fn parameter(&self, place: Place, name: &str) -> Option<&str> {
        let found = self.pairs(place).iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn parameters(&self, place: Place, each: &mut dyn FnMut(&str, &str)) {
        self.pairs(place).iter().for_each(|(name, value)| each(name, value));
    }

    fn stage_variable(&self, name: &str) -> Option<&str> {
        self.stage_variables.get(name).map(String::as_str)
    }

    fn stage_variables(&self, each: &mut dyn FnMut(&str, &str)) {
        self.stage_variables.iter().for_each(|(name, value)| each(name, value));
    }

    fn context(&self, path: &[&str]) -> Option<Leaf<'_>> {
        let (last, above) = path.split_last()?;
        let mut values = &self.context;
        for name in above {
            values = values.get(*name)?.as_object()?;
        }
        leaf(values.get(*last)?)
    }

    fn context_values(&self, each: &mut dyn FnMut(&[&str], Leaf<'_>)) {
        each_leaf(&self.context, &mut Vec::new(), each);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use gw_template::{Limits, Template};

    use super::*;

    #[test]
    fn templates_see_the_file_and_the_flags() {
        let mut request = Request::parse(
            r#"{"context": {"stage": "prod", "identity": {"sourceIp": "1.2.3.4"}, "n": 7},
                "path": {"id": 7}, "header": {"Accept": "a/b"}, "body": {"x": [1]},
                "stageVariables": {"host": "h"}}"#,
        )
        .unwrap();
        request.param("querystring.q=a=b").unwrap();
        request.param("path.id=8").unwrap();
        request.set_stage_variable("host=i").unwrap();
        let text = "$context.stage $context.identity.sourceIp $context.n $input.params('id') \
                    $input.params('q') $input.params().header.Accept $stageVariables.host \
                    $input.json('$.x') [$!context.none]";
        let rendered = Template::compile(text).unwrap().render(&request, Limits::default());
        assert_eq!(rendered.unwrap().text, "prod 1.2.3.4 7 8 a=b a/b i [1] []");
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let error = Request::parse(r#"{"headers": {}}"#).unwrap_err();
        assert!(error.contains("unknown field `headers`") && error.contains("`header`"), "{error}");
        assert!(Request::parse(r#"{"path": {"id": {}}}"#).unwrap_err().contains("`path.id`"));
        assert!(Request::parse("[]").is_err());
        let mut request = Request::default();
        for text in ["id=7", "body.id=7", "path.id", "path"] {
            assert!(request.param(text).is_err(), "{text}");
        }
        assert!(request.set_stage_variable("host").is_err());
    }
}
