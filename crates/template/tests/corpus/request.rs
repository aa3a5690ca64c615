//! A case's request as a template sees it.

use gw_template::{Leaf, Place, Source};
use serde_json::{Map, Value};

pub(crate) struct Request<'c>(pub(crate) &'c Value);

impl Request<'_> {
    fn place(&self, place: Place) -> Option<&Map<String, Value>> {
        let name = match place {
            Place::Path => "path",
            Place::QueryString => "querystring",
            Place::Header => "header",
        };
        self.0["p"][name].as_object()
    }
}

fn leaf(value: &Value) -> Option<Leaf<'_>> {
    Some(match value {
        Value::Null => Leaf::Null,
        Value::Bool(value) => Leaf::Bool(*value),
        Value::Number(number) => Leaf::Integer(number.as_i64()?),
        Value::String(text) => Leaf::Text(text.into()),
        _ => return None,
    })
}

fn walk<'v>(
    map: &'v Map<String, Value>,
    path: &mut Vec<&'v str>,
    each: &mut dyn FnMut(&[&str], Leaf<'_>),
) {
    for (name, value) in map {
        path.push(name);
        match value {
            Value::Object(map) => walk(map, path, each),
            value => {
                if let Some(leaf) = leaf(value) {
                    each(path, leaf);
                }
            }
        }
        path.pop();
    }
}

impl Source for Request<'_> {
    fn body(&self) -> &str {
        self.0["b"].as_str().unwrap_or("")
    }

    fn parameter(&self, place: Place, name: &str) -> Option<&str> {
        self.place(place)?.get(name)?.as_str()
    }

    fn parameters(&self, place: Place, each: &mut dyn FnMut(&str, &str)) {
        for (name, value) in self.place(place).into_iter().flatten() {
            each(name, value.as_str().unwrap_or(""));
        }
    }

    fn stage_variable(&self, name: &str) -> Option<&str> {
        self.0["s"][name].as_str()
    }

    fn stage_variables(&self, each: &mut dyn FnMut(&str, &str)) {
        for (name, value) in self.0["s"].as_object().into_iter().flatten() {
            each(name, value.as_str().unwrap_or(""));
        }
    }

    fn context(&self, path: &[&str]) -> Option<Leaf<'_>> {
        let found = path.iter().try_fold(&self.0["c"], |value, name| value.get(*name))?;
        leaf(found)
    }

    fn context_values(&self, each: &mut dyn FnMut(&[&str], Leaf<'_>)) {
        if let Some(map) = self.0["c"].as_object() {
            walk(map, &mut Vec::new(), each);
        }
    }
}
