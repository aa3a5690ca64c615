//! `$input`, `$util`, `$context` and `$stageVariables`.

mod util;

use std::{cell::RefCell, rc::Rc, sync::Arc};

use crate::{
    Fault, JsonPath, Leaf, Overrides, Place,
    ast::Method,
    json,
    overrides::Multi,
    value::{Entries, Host, Key, Map, Origin, Value},
};

use super::{Outcome, Run};

/// What of the request a template has looked at, made when first needed.
#[derive(Debug, Default)]
pub(crate) struct HostState {
    body: Option<Result<Value, String>>,
    body_text: Option<Arc<str>>,
    params: Option<Value>,
    pub(crate) context: Option<Rc<Map>>,
    pub(crate) stage_variables: Option<Rc<Map>>,
    paths: Vec<(Arc<str>, Arc<JsonPath>)>,
}

const PLACES: [(&str, Place); 3] =
    [("path", Place::Path), ("querystring", Place::QueryString), ("header", Place::Header)];

fn new_map(entries: Entries) -> Rc<Map> {
    let entries = RefCell::new(entries);
    Rc::new(Map { entries, origin: Origin::Data, is_of_headers: false })
}

impl Run<'_> {
    /// An object whole: as a map, where it is one.
    pub(crate) fn host_whole(&mut self, host: Host) -> Outcome<Value> {
        Ok(match host {
            Host::Context => Value::Map(self.context_map()),
            Host::StageVariables => Value::Map(self.stage_variables_map()),
            Host::Input | Host::Util => Value::Absent,
        })
    }

    pub(super) fn host_property(&mut self, host: Host, name: &str) -> Outcome<Value> {
        match (host, name) {
            (Host::Input, "body") => Ok(Value::Text(self.body_text())),
            (Host::Input | Host::Util, _) => Ok(Value::Null),
            (Host::Context | Host::StageVariables, _) => {
                let whole = self.host_whole(host)?;
                self.property(0, &whole, name)
            }
        }
    }

    fn body_text(&mut self) -> Arc<str> {
        let source = self.source;
        let text = self.host.body_text.get_or_insert_with(|| match source.body() {
            "" => "{}".into(),
            body => body.into(),
        });
        text.clone()
    }

    pub(super) fn host_method(&mut self, host: Host, method: &Method) -> Outcome<Value> {
        if host == Host::Input
            && let Some(path) = &method.path
            && let "path" | "json" = &*method.name
        {
            let path = path.clone();
            return self.input_path(method.at, &path, &method.name);
        }
        let mut arguments = smallvec::SmallVec::<[Value; 2]>::new();
        for argument in &method.arguments {
            arguments.push(self.value(argument)?);
        }
        match host {
            Host::Input => self.input_method(method.at, &method.name, &arguments),
            Host::Util => self.util_method(method.at, &method.name, &arguments),
            Host::Context | Host::StageVariables => {
                let whole = self.host_whole(host)?;
                crate::methods::call(self, method.at, &whole, &method.name, &arguments)
            }
        }
    }

    fn input_method(&mut self, at: u32, name: &str, arguments: &[Value]) -> Outcome<Value> {
        match (name, arguments) {
            ("path" | "json", [path]) => {
                let text = self.text_of(at, path)?;
                let path = self.path(at, &text)?;
                self.input_path(at, &path, name)
            }
            ("params", []) => Ok(self.params()),
            ("params", [name]) => {
                let name = self.text_of(at, name)?;
                let source = self.source;
                let found = PLACES.iter().find_map(|(_, place)| source.parameter(*place, &name));
                Ok(Value::text(found.unwrap_or("")))
            }
            _ => Ok(Value::Null),
        }
    }

    /// A path, parsed once per rendering however often a loop uses it.
    fn path(&mut self, at: u32, text: &Arc<str>) -> Outcome<Arc<JsonPath>> {
        if let Some((_, path)) = self.host.paths.iter().find(|(known, _)| known == text) {
            return Ok(path.clone());
        }
        self.step(at, 4 + text.len() / 16)?;
        match JsonPath::parse(text) {
            Ok(path) => {
                let path = Arc::new(path);
                if self.host.paths.len() < 64 {
                    self.host.paths.push((text.clone(), path.clone()));
                }
                Ok(path)
            }
            Err(error) => self.path_error(at, error.to_string()),
        }
    }

    fn body(&mut self, at: u32) -> Outcome<Value> {
        if self.host.body.is_none() {
            let text = match self.source.body() {
                "" => "{}",
                body => body,
            };
            self.step(at, text.len() / 32)?;
            self.host.body = Some(json::parse_payload(text));
        }
        match &self.host.body {
            Some(Ok(value)) => Ok(value.clone()),
            Some(Err(message)) => self.error(at, Fault::Json(message.clone())),
            None => Ok(Value::Absent),
        }
    }

    fn input_path(&mut self, at: u32, path: &JsonPath, method: &str) -> Outcome<Value> {
        let body = self.body(at)?;
        let mut work = 0;
        let found = path.read(&body, &mut work);
        self.step(at, work)?;
        let found = match found {
            Ok(found) => found,
            Err(error) => return self.path_error(at, error.to_string()),
        };
        if method == "path" {
            return Ok(match found {
                None | Some(Value::Null) => Value::Absent,
                Some(value) => value,
            });
        }
        let Some(value) = found else { return Ok(Value::text("\"\"")) };
        self.json_text(at, &value)
    }

    /// A value as JSON text.
    pub(super) fn json_text(&mut self, at: u32, value: &Value) -> Outcome<Value> {
        let mut text = String::new();
        let (limit, depth) = (self.limits.output_bytes, self.limits.depth);
        if let Err(full) = json::write(value, json::Style::Plain, &mut text, limit, 0, depth) {
            return self.full(at, full);
        }
        self.step(at, text.len() / 64)?;
        Ok(Value::text(text))
    }

    /// `$input.params()`: a map of three maps.
    fn params(&mut self) -> Value {
        if let Some(params) = &self.host.params {
            return params.clone();
        }
        let mut all = Entries::default();
        for (name, place) in PLACES {
            let mut entries = Entries::default();
            self.source.parameters(place, &mut |name, value| {
                entries.insert(Key::Text(name.into()), Value::text(value));
            });
            let (entries, is_of_headers) = (RefCell::new(entries), place == Place::Header);
            let map = Map { entries, origin: Origin::Data, is_of_headers };
            all.insert(Key::Text(name.into()), Value::Map(Rc::new(map)));
        }
        let params = Value::map(all, Origin::Data);
        self.host.params = Some(params.clone());
        params
    }

    fn stage_variables_map(&mut self) -> Rc<Map> {
        if let Some(map) = &self.host.stage_variables {
            return map.clone();
        }
        let mut entries = Entries::default();
        self.source.stage_variables(&mut |name, value| {
            entries.insert(Key::Text(name.into()), Value::text(value));
        });
        let map = new_map(entries);
        self.host.stage_variables = Some(map.clone());
        map
    }

    /// All of `$context` as maps, with the overrides to write into.
    fn context_map(&mut self) -> Rc<Map> {
        if let Some(map) = &self.host.context {
            return map.clone();
        }
        let root = new_map(Entries::default());
        self.source.context_values(&mut |path, leaf| {
            let Some((last, parents)) = path.split_last() else { return };
            let mut map = root.clone();
            for name in parents {
                map = child(&map, name);
            }
            let value = match leaf {
                Leaf::Text(text) => Value::text(&*text),
                Leaf::Integer(value) => Value::Long(value),
                Leaf::Bool(value) => Value::Bool(value),
                Leaf::Null => Value::Null,
            };
            map.entries.borrow_mut().insert(Key::Text((*last).into()), value);
        });
        let none = Overrides::default();
        let before = self.source.overrides().unwrap_or(&none);
        let request = child(&root, "requestOverride");
        fill(&request, "header", &before.request.header);
        fill(&request, "path", &before.request.path);
        fill(&request, "querystring", &before.request.querystring);
        let response = child(&root, "responseOverride");
        fill(&response, "header", &before.response.header);
        if let Some(status) = before.response.status {
            let status = Value::Int(i32::from(status));
            response.entries.borrow_mut().insert(Key::Text("status".into()), status);
        }
        self.host.context = Some(root.clone());
        root
    }
}

/// The map under a name, made if it is not there.
fn child(map: &Rc<Map>, name: &str) -> Rc<Map> {
    if let Some(Value::Map(child)) = map.get(name) {
        return child;
    }
    let child = new_map(Entries::default());
    map.entries.borrow_mut().insert(Key::Text(name.into()), Value::Map(child.clone()));
    child
}

fn fill(map: &Rc<Map>, name: &str, values: &Multi) {
    let child = child(map, name);
    for (name, texts) in values {
        let value = match texts.as_slice() {
            [one] => Value::text(one.as_str()),
            many => {
                let items = many.iter().map(|text| Value::text(text.as_str())).collect();
                Value::list(items, Origin::Data)
            }
        };
        child.entries.borrow_mut().insert(Key::Text(name.as_str().into()), value);
    }
}
