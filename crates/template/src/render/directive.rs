//! `#foreach`, `#break`, `#define`, `#evaluate` and macro calls.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use crate::{
    Fault, Step,
    ast::{Block, Call, Expr, ExprKind, Macro},
    names::{Name, Names},
    parse,
    template::{first_of_each, known},
    value::{Entries, Key, List, Map, Origin, Turn, Value},
};

use super::{
    Halt, Outcome, Run,
    frame::{Frame, Layer, MacroLayer},
};

/// `directive.define.max.depth`: how often a `#define`d block may be inside
/// itself.
const MAX_DEFINE_DEPTH: usize = 2;

/// What a `#foreach` walks over.
enum Walk {
    List(Rc<List>, usize),
    Values(Vec<Value>),
    Iterator(Rc<(Rc<List>, Cell<usize>)>),
}

impl Walk {
    /// Element `at`, whether another follows; none at the end.
    fn element(&self, at: usize) -> Result<Option<(Value, bool)>, &'static str> {
        match self {
            Self::Values(values) => Ok(values.get(at).map(|v| (v.clone(), at + 1 < values.len()))),
            Self::List(list, length) => {
                let items = list.items.borrow();
                // Java's iterator ends or throws when the list has changed.
                if items.len() != *length && at != items.len() {
                    return Err("java.util.ConcurrentModificationException");
                }
                let value = items.get(at).map(|value| read(value, list.origin));
                Ok(value.map(|value| (value, at + 1 < items.len())))
            }
            Self::Iterator(walk) => {
                let items = walk.0.items.borrow();
                let at = walk.1.get();
                walk.1.set(at + 1);
                let value = items.get(at).map(|value| read(value, walk.0.origin));
                Ok(value.map(|value| (value, at + 1 < items.len())))
            }
        }
    }
}

/// A null that came with the data prints as nothing.
pub(crate) fn read(value: &Value, origin: Origin) -> Value {
    match (value, origin) {
        (Value::Null, Origin::Data) => Value::Absent,
        _ => value.clone(),
    }
}

impl Run<'_> {
    pub(super) fn foreach(
        &mut self,
        at: u32,
        item: Name,
        list: &Expr,
        body: &Block,
    ) -> Outcome<()> {
        let walk = match self.value(list)? {
            Value::List(list) => {
                let length = list.items.borrow().len();
                Walk::List(list, length)
            }
            Value::Map(map) => {
                let origin = map.origin;
                let values = map.entries.borrow().values().map(|v| read(v, origin)).collect();
                Walk::Values(values)
            }
            Value::Iterator(walk) => Walk::Iterator(walk),
            Value::Host(host) => match self.host_whole(host)? {
                Value::Map(map) => Walk::Values(map.entries.borrow().values().cloned().collect()),
                _ => return Ok(()),
            },
            Value::Foreach(turn) => {
                Walk::Values(turn.own.entries.borrow().values().cloned().collect())
            }
            _ => return Ok(()),
        };
        let saved = [
            (item, self.get(item)?),
            (known::COUNT, self.get(known::COUNT)?),
            (known::HAS_NEXT, self.get(known::HAS_NEXT)?),
        ];
        let turn = Rc::new(Turn {
            index: Cell::new(-1),
            has_next: Cell::new(false),
            before: self.get(known::FOREACH)?,
            own: Rc::new(Map {
                is_of_headers: false,
                entries: RefCell::new(Entries::default()),
                origin: Origin::Template,
            }),
        });
        self.put(known::FOREACH, Value::Foreach(turn.clone()));
        let result = self.turns(at, item, &walk, &turn, body);
        for (name, before) in saved {
            if before.is_null() {
                self.remove(name);
            } else {
                self.put(name, before);
            }
        }
        self.end_scope()?;
        match result {
            Err(Halt::Break) => Ok(()),
            Err(Halt::Leave(which)) if Rc::ptr_eq(&which, &turn) => Ok(()),
            other => other,
        }
    }

    fn turns(
        &mut self,
        at: u32,
        item: Name,
        walk: &Walk,
        turn: &Turn,
        body: &Block,
    ) -> Outcome<()> {
        let outer = self.frames.clone();
        let mut holder = None;
        let mut index = 0;
        loop {
            let (value, more) = match walk.element(index) {
                Ok(Some(element)) => element,
                Ok(None) => return Ok(()),
                Err(thrown) => return self.thrown(at, thrown),
            };
            if index >= self.limits.loop_turns {
                return self.error(at, Fault::Loop(self.limits.loop_turns));
            }
            index += 1;
            self.step(at, 1)?;
            let count = i32::try_from(index).unwrap_or(i32::MAX);
            self.put(known::COUNT, Value::Int(count));
            self.put(known::HAS_NEXT, Value::Bool(more));
            let null = value.is_null();
            self.put(item, value);
            turn.index.set(count - 1);
            turn.has_next.set(more);
            self.tell_if(at, &Step::Turn { count: index });
            let result = if null {
                let layer = || Layer::NullHolder { name: item, active: true };
                let frame = holder.get_or_insert_with(|| {
                    Rc::new(Frame { parent: outer.clone(), layer: RefCell::new(layer()) })
                });
                let frame = Some(frame.clone());
                self.under(frame, |run| run.block(body))
            } else {
                self.block(body)
            };
            result?;
        }
    }

    /// `$foreach` becomes what it was before the loop.
    fn end_scope(&mut self) -> Outcome<()> {
        if let Value::Foreach(turn) = self.get(known::FOREACH)? {
            if turn.before.is_null() {
                self.remove(known::FOREACH);
            } else {
                self.put(known::FOREACH, turn.before.clone());
            }
        }
        Ok(())
    }

    pub(super) fn break_directive(&mut self, at: u32, scope: Option<&Expr>) -> Outcome<()> {
        self.tell_if(at, &Step::Stop);
        let Some(scope) = scope else { return Err(Halt::Break) };
        match self.value(scope)? {
            Value::Foreach(turn) => Err(Halt::Leave(turn)),
            _ => self.thrown(at, "#break needs a scope such as $foreach"),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "a node like the others")]
    pub(super) fn define(&mut self, name: Name, body: &Arc<Block>) -> Outcome<()> {
        let block = self.capture(body, MAX_DEFINE_DEPTH);
        self.put(name, block);
        Ok(())
    }

    pub(super) fn evaluate(&mut self, at: u32, text: &Expr) -> Outcome<()> {
        let text = match self.value(text)? {
            Value::Null => return Ok(()),
            value => self.text_of(at, &value)?,
        };
        self.tell_if(at, &Step::Evaluate { text: &text });
        self.step(at, 8 + text.len() / 4)?;
        let mut names = match self.added_names.take() {
            Some(names) => names,
            None => self.template.names.clone(),
        };
        let parsed = self.parse_at_run_time(&text, &mut names);
        self.added_names = Some(names);
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(error) => return self.error(at, Fault::Evaluate(error)),
        };
        for one in first_of_each(parsed.macros) {
            if self.find_macro(&one.name).is_none() {
                self.added_macros.push(one);
            }
        }
        let saved = self.evaluating;
        self.evaluating = saved.or(Some(at));
        let result = self.block(&parsed.block);
        self.evaluating = saved;
        match result {
            Err(Halt::Break | Halt::Stop) => Ok(()),
            other => other,
        }
    }

    fn parse_at_run_time(
        &self,
        text: &str,
        names: &mut Names,
    ) -> Result<parse::Parsed, crate::CompileError> {
        parse::parse(text, names, &|name| self.find_macro(name).is_some())
    }

    fn find_macro(&self, name: &str) -> Option<&Arc<Macro>> {
        let mut all = self.template.macros.iter().chain(&self.added_macros);
        all.find(|one| *one.name == *name)
    }

    pub(super) fn call(&mut self, at: u32, call: &Arc<Call>) -> Outcome<()> {
        let Some(called) = self.find_macro(&call.name).cloned() else {
            return self.write(at, &call.literal);
        };
        if let Some(word) = &call.bad_word {
            return self.thrown(at, format!("invalid argument {word:?} in macro #{}", call.name));
        }
        if self.macro_depth >= self.limits.macro_depth {
            return self.error(at, Fault::Depth(self.limits.macro_depth));
        }
        self.tell_if(at, &Step::Macro { name: &call.name });
        let mut layer = MacroLayer::default();
        for (parameter, argument) in called.parameters.iter().zip(&call.arguments) {
            if is_constant(&argument.value) {
                let value = self.value(&argument.value)?;
                layer.local.push((*parameter, value));
            } else {
                layer.arguments.push((*parameter, argument.clone()));
                layer.literals.push((*parameter, argument.clone()));
            }
        }
        if let Some(body) = &call.body {
            // The body runs where it is used, not where it is written.
            let block = self.capture(body, self.limits.macro_depth);
            layer.local.push((known::BODY_CONTENT, block));
        }
        let frame = Frame { parent: self.frames.clone(), layer: RefCell::new(Layer::Macro(layer)) };
        self.macro_depth += 1;
        let result = self.under(Some(Rc::new(frame)), |run| run.block(&called.body));
        self.macro_depth -= 1;
        match result {
            Err(Halt::Break) => Ok(()),
            other => other,
        }
    }
}

/// Arguments that are evaluated once, at the call; others at every use.
fn is_constant(argument: &Expr) -> bool {
    !matches!(
        argument.kind,
        ExprKind::Reference(_)
            | ExprKind::Text(_)
            | ExprKind::Interpolated { .. }
            | ExprKind::Map(_)
            | ExprKind::List(_)
            | ExprKind::Range(_)
    )
}

/// An entry set's entry.
pub(crate) fn entry(key: &Key, value: &Value, origin: Origin) -> Value {
    Value::Entry(Rc::new((key.value(), read(value, origin))))
}
