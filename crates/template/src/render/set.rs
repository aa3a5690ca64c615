//! `#set`: variables, members of maps and lists, `$context` overrides.

use crate::{
    Step,
    ast::{Expr, Part, Reference},
    methods,
    names::Name,
    value::{Key, Printer, Value},
};

use super::{Outcome, Run};

/// What a tracer is told of a value, in bytes: watching must neither fail
/// where the template does not, nor take its time.
const SHOWN_BYTES: usize = 4 << 10;

/// The start of `toString`.
fn shown(value: &Value) -> String {
    let mut text = String::new();
    let mut printer = Printer { out: &mut text, limit: SHOWN_BYTES, max_depth: 60 };
    let is_whole = match value {
        Value::Text(long) if long.len() > SHOWN_BYTES => {
            text.push_str(&long[..long.floor_char_boundary(SHOWN_BYTES)]);
            false
        }
        value => printer.print(value, 0).is_ok(),
    };
    if !is_whole {
        text.push_str("...");
    }
    text
}

impl Run<'_> {
    pub(super) fn set(
        &mut self,
        at: u32,
        target: &Reference,
        name: Name,
        value: &Expr,
    ) -> Outcome<()> {
        let value = self.value(value)?;
        if self.is_traced() {
            let text = match &value {
                Value::Null => None,
                Value::Block(_) => Some(String::new()),
                other => Some(shown(other)),
            };
            let step = Step::Set { target: &target.literal, value: text.as_deref() };
            self.tell(at, &step);
        }
        // A null changes nothing, as in Velocity.
        if value.is_null() {
            return Ok(());
        }
        let Some((last, path)) = target.parts.split_last() else {
            self.put(name, value);
            return Ok(());
        };
        let mut holder = self.get(target.root)?;
        for part in path {
            if holder.is_null() {
                return Ok(());
            }
            holder = self.part(&holder, part)?;
        }
        if holder.is_null() {
            return Ok(());
        }
        match last {
            Part::Property { at, name } => {
                self.put_member(*at, &holder, Value::Text(name.clone()), value)
            }
            Part::Index { at, index } => {
                let index = self.value(index)?;
                self.set_index(*at, &holder, index, value)
            }
            // `#set($a.b() = 1)` sets the property `b`.
            Part::Method(method) => {
                self.put_member(method.at, &holder, Value::text(&*method.name), value)
            }
        }
    }

    fn set_index(&mut self, at: u32, holder: &Value, index: Value, value: Value) -> Outcome<()> {
        let index = match (&index, methods::size(holder)) {
            (Value::Int(number), Some(size)) if *number < 0 => {
                Value::Int(size.saturating_add(*number))
            }
            _ => index,
        };
        match holder {
            Value::List(_) => methods::call(self, at, holder, "set", &[index, value]).map(|_| ()),
            _ => self.put_member(at, holder, index, value),
        }
    }

    /// Puts an entry into a map, or into what stands for one.
    fn put_member(&mut self, at: u32, holder: &Value, key: Value, value: Value) -> Outcome<()> {
        match holder {
            Value::Map(map) => {
                self.changing(holder, &value);
                self.step(at, 1)?;
                let old = map.entries.borrow_mut().insert(Key::from(key), value);
                drop(old);
            }
            Value::Foreach(turn) => {
                let own = Value::Map(turn.own.clone());
                return self.put_member(at, &own, key, value);
            }
            Value::Host(host) => {
                if let Value::Map(map) = self.host_whole(*host)? {
                    return self.put_member(at, &Value::Map(map), key, value);
                }
            }
            _ => {}
        }
        Ok(())
    }
}
