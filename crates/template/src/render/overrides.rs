//! What the template left in `$context.requestOverride` and `responseOverride`.

use crate::{
    Overrides, RenderError,
    overrides::Multi,
    value::{Key, Value},
};

use super::{Halt, Run};

impl Run<'_> {
    /// The overrides after the template has run.
    pub(super) fn overrides(&mut self) -> Result<Overrides, RenderError> {
        let mut overrides = Overrides::default();
        let Some(context) = self.host.context.clone() else {
            return Ok(self.source.overrides().cloned().unwrap_or_default());
        };
        let part = |root: &str, name: &str| match context.get(root) {
            Some(Value::Map(map)) => map.get(name),
            _ => None,
        };
        let header = part("requestOverride", "header");
        overrides.request.header = self.multi(header)?;
        let path = part("requestOverride", "path");
        overrides.request.path = self.multi(path)?;
        let querystring = part("requestOverride", "querystring");
        overrides.request.querystring = self.multi(querystring)?;
        let header = part("responseOverride", "header");
        overrides.response.header = self.multi(header)?;
        overrides.response.status = part("responseOverride", "status").and_then(status);
        Ok(overrides)
    }

    fn multi(&mut self, map: Option<Value>) -> Result<Multi, RenderError> {
        let Some(Value::Map(map)) = map else { return Ok(Vec::new()) };
        let entries: Vec<(Key, Value)> = {
            let entries = map.entries.borrow();
            entries.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        let mut multi = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let items = match &value {
                Value::List(list) => list.items.borrow().clone(),
                _ => vec![value],
            };
            let mut texts = Vec::with_capacity(items.len());
            for item in items.iter().filter(|item| !item.is_null()) {
                texts.push(self.plain_text(item)?);
            }
            multi.push((self.plain_text(&key.value())?, texts));
        }
        Ok(multi)
    }

    fn plain_text(&mut self, value: &Value) -> Result<String, RenderError> {
        match self.text_of(0, value) {
            Ok(text) => Ok(text.to_string()),
            Err(Halt::Error(error)) => Err(*error),
            Err(_) => Ok(String::new()),
        }
    }
}

fn status(value: Value) -> Option<u16> {
    let status = match value {
        Value::Int(status) => i64::from(status),
        Value::Long(status) => status,
        Value::Text(text) => text.parse().ok()?,
        _ => return None,
    };
    u16::try_from(status).ok().filter(|status| (100..=599).contains(status))
}
