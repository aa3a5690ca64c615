//! Dropping containers without recursion: a template may nest them a million
//! deep, one `#set($a = [$a])` at a time.

use std::rc::Rc;

use super::{List, Map, Turn, Value};

impl Drop for List {
    fn drop(&mut self) {
        let items = std::mem::take(self.items.get_mut());
        if items.iter().any(Value::is_container) {
            dismantle(items);
        }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        if self.entries.get_mut().values().any(Value::is_container) {
            let entries = std::mem::take(self.entries.get_mut());
            dismantle(entries.into_values().collect());
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.before.is_container() {
            dismantle(vec![std::mem::take(&mut self.before)]);
        }
    }
}

/// Drops values one after the other, children after their parents.
fn dismantle(mut waiting: Vec<Value>) {
    while let Some(value) = waiting.pop() {
        match value {
            Value::List(list) => {
                if let Some(mut list) = Rc::into_inner(list) {
                    waiting.append(list.items.get_mut());
                }
            }
            Value::Map(map) => {
                if let Some(mut map) = Rc::into_inner(map) {
                    waiting.extend(std::mem::take(map.entries.get_mut()).into_values());
                }
            }
            Value::Entry(entry) => {
                if let Some((key, value)) = Rc::into_inner(entry) {
                    waiting.extend([key, value]);
                }
            }
            Value::Iterator(walk) => {
                if let Some((list, _)) = Rc::into_inner(walk) {
                    waiting.push(Value::List(list));
                }
            }
            Value::Foreach(turn) => {
                if let Some(mut turn) = Rc::into_inner(turn) {
                    waiting.push(std::mem::take(&mut turn.before));
                    waiting.push(Value::Map(turn.own.clone()));
                }
            }
            _ => {}
        }
    }
}
