//! Variables: one table, and the layers that macro calls put over it.
//!
//! Velocity passes macro arguments by name: a parameter is looked up by
//! evaluating its argument in the caller's layers. `#set` inside a macro writes
//! through to every layer.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use crate::{
    ast::{Argument, Block, ExprKind},
    names::Name,
    value::Value,
};

use super::{Outcome, Run};

/// A layer over the variables.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) parent: Option<Rc<Frame>>,
    pub(crate) layer: RefCell<Layer>,
}

#[derive(Debug)]
pub(crate) enum Layer {
    Macro(MacroLayer),
    /// A `#foreach` over an element that is null: its variable reads as null.
    NullHolder {
        name: Name,
        active: bool,
    },
}

#[derive(Debug, Default)]
pub(crate) struct MacroLayer {
    pub(crate) local: Vec<(Name, Value)>,
    pub(crate) arguments: Vec<(Name, Arc<Argument>)>,
    /// The arguments again, for printing them when they are null.
    pub(crate) literals: Vec<(Name, Arc<Argument>)>,
}

/// A block as a value, with the layers it was made under.
#[derive(Debug)]
pub(crate) struct Captured {
    pub(crate) body: Arc<Block>,
    pub(crate) frames: Option<Rc<Frame>>,
    pub(crate) depth: std::cell::Cell<usize>,
    pub(crate) max_depth: usize,
}

impl Frame {
    pub(crate) fn clear(&self) {
        if let Layer::Macro(layer) = &mut *self.layer.borrow_mut() {
            let local = std::mem::take(&mut layer.local);
            drop(local);
        }
    }
}

enum Found {
    Value(Value),
    Argument(Arc<Argument>),
    Nothing,
}

impl Frame {
    fn find(&self, wanted: Name) -> Found {
        match &*self.layer.borrow() {
            Layer::NullHolder { name, active } if *active && *name == wanted => {
                Found::Value(Value::Null)
            }
            Layer::NullHolder { .. } => Found::Nothing,
            Layer::Macro(layer) => {
                let local = layer.local.iter().find(|(name, _)| *name == wanted);
                if let Some((_, value)) = local
                    && !value.is_null()
                {
                    return Found::Value(value.clone());
                }
                let argument = layer.arguments.iter().find(|(name, _)| *name == wanted);
                argument.map_or(Found::Nothing, |(_, argument)| Found::Argument(argument.clone()))
            }
        }
    }
}

impl Run<'_> {
    pub(crate) fn get(&mut self, name: Name) -> Outcome<Value> {
        if self.frames.is_none() {
            return Ok(self.globals.get(name as usize).cloned().unwrap_or_default());
        }
        let mut frame = self.frames.clone();
        while let Some(layer) = frame {
            match layer.find(name) {
                Found::Value(value) => return Ok(value),
                Found::Argument(argument) => {
                    let outer = layer.parent.clone();
                    return self.under(outer, |run| run.argument_value(&argument));
                }
                Found::Nothing => frame = layer.parent.clone(),
            }
        }
        Ok(self.globals.get(name as usize).cloned().unwrap_or_default())
    }

    /// Runs `inside` under other layers.
    pub(crate) fn under<T>(
        &mut self,
        frames: Option<Rc<Frame>>,
        inside: impl FnOnce(&mut Self) -> Outcome<T>,
    ) -> Outcome<T> {
        let saved = std::mem::replace(&mut self.frames, frames);
        let result = self.deeper(0, inside);
        self.frames = saved;
        result
    }

    fn argument_value(&mut self, argument: &Argument) -> Outcome<Value> {
        match &argument.value.kind {
            ExprKind::Reference(reference) if reference.parts.is_empty() => {
                self.get(reference.root)
            }
            ExprKind::Reference(reference) => self.resolve(reference),
            _ => self.value(&argument.value),
        }
    }

    pub(crate) fn put(&mut self, name: Name, value: Value) {
        let mut frame = self.frames.clone();
        while let Some(layer) = frame {
            let replaced = match &mut *layer.layer.borrow_mut() {
                Layer::NullHolder { name: held, active } => {
                    if *held == name && value.is_null() {
                        *active = true;
                    }
                    None
                }
                Layer::Macro(layer) => {
                    match layer.local.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, old)) => Some(std::mem::replace(old, value.clone())),
                        None => {
                            layer.local.push((name, value.clone()));
                            None
                        }
                    }
                }
            };
            drop(replaced);
            frame = layer.parent.clone();
        }
        self.put_global(name, value);
    }

    fn put_global(&mut self, name: Name, value: Value) {
        let at = name as usize;
        if at >= self.globals.len() {
            self.globals.resize(at + 1, Value::Null);
        }
        self.globals[at] = value;
    }

    pub(crate) fn remove(&mut self, name: Name) {
        let mut frame = self.frames.clone();
        while let Some(layer) = frame {
            let mut removed = Vec::new();
            match &mut *layer.layer.borrow_mut() {
                Layer::NullHolder { name: held, active } => {
                    if *held == name {
                        *active = false;
                    }
                }
                Layer::Macro(layer) => {
                    removed.extend(layer.local.extract_if(.., |(known, _)| *known == name));
                    layer.arguments.retain(|(known, _)| *known != name);
                }
            }
            drop(removed);
            frame = layer.parent.clone();
        }
        if let Some(value) = self.globals.get_mut(name as usize) {
            *value = Value::Null;
        }
    }

    /// How the argument of a macro parameter was written, if `name` is one.
    pub(crate) fn argument_literal(&self, name: Name) -> Option<Arc<Argument>> {
        let mut frame = self.frames.clone();
        while let Some(layer) = frame {
            if let Layer::Macro(layer) = &*layer.layer.borrow()
                && let Some((_, argument)) = layer.literals.iter().find(|(known, _)| *known == name)
            {
                return Some(argument.clone());
            }
            frame = layer.parent.clone();
        }
        None
    }

    /// Makes a block a value; its layers are kept until the end.
    pub(crate) fn capture(&mut self, body: &Arc<Block>, max_depth: usize) -> Value {
        let mut frame = self.frames.clone();
        while let Some(layer) = frame {
            frame = layer.parent.clone();
            self.held.push(layer);
        }
        Value::Block(Rc::new(Captured {
            body: body.clone(),
            frames: self.frames.clone(),
            depth: std::cell::Cell::new(0),
            max_depth,
        }))
    }
}
