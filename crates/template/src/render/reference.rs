//! References: their value, and what they print.

use std::rc::Rc;

use crate::{
    Leaf, Step,
    ast::{Part, Reference, Shape},
    methods,
    template::known,
    value::{Host, Origin, Value},
};

use super::{Captured, Outcome, Run};

impl Run<'_> {
    /// The value of a reference.
    pub(crate) fn resolve(&mut self, reference: &Reference) -> Outcome<Value> {
        if reference.runt.is_some() {
            return Ok(Value::Null);
        }
        if reference.parts.is_empty() {
            return self.get(reference.root);
        }
        self.deeper(reference.at, |run| run.resolve_parts(reference))
    }

    fn resolve_parts(&mut self, reference: &Reference) -> Outcome<Value> {
        let root = self.get(reference.root)?;
        // Members of the gateway's own objects that are not there print nothing.
        let given = matches!(root, Value::Host(_));
        if given && let Some(leaf) = self.leaf(&root, reference) {
            return Ok(match leaf {
                Leaf::Text(text) => Value::text(&*text),
                Leaf::Integer(value) => Value::Long(value),
                Leaf::Bool(value) => Value::Bool(value),
                Leaf::Null => Value::Absent,
            });
        }
        let mut value = root;
        for part in &reference.parts {
            if value.is_null() {
                break;
            }
            value = self.part(&value, part)?;
        }
        if given && value.is_null() { Ok(Value::Absent) } else { Ok(value) }
    }

    /// A single value of `$context` or `$stageVariables`, straight from the
    /// source; none when the template has its own copy or wants a map.
    fn leaf(&self, root: &Value, reference: &Reference) -> Option<Leaf<'_>> {
        match (&reference.shape, root) {
            (Shape::Context(names), Value::Host(Host::Context)) if self.host.context.is_none() => {
                let mut path = [""; 4];
                let path = path.get_mut(..names.len())?;
                for (slot, name) in path.iter_mut().zip(names.iter()) {
                    *slot = name;
                }
                if matches!(path[0], "requestOverride" | "responseOverride") {
                    return None;
                }
                match self.source.context(path) {
                    None if !self.source.is_context_map(path) => Some(Leaf::Null),
                    found => found,
                }
            }
            (Shape::StageVariable(name), Value::Host(Host::StageVariables))
                if self.host.stage_variables.is_none() =>
            {
                self.source.stage_variable(name).map(|text| Leaf::Text(text.into()))
            }
            _ => None,
        }
    }

    pub(crate) fn part(&mut self, value: &Value, part: &Part) -> Outcome<Value> {
        match part {
            Part::Property { at, name } => self.property(*at, value, name),
            Part::Index { at, index } => {
                let index = self.value(index)?;
                self.index(*at, value, index)
            }
            Part::Method(method) => {
                self.step(method.at, 1)?;
                if let Value::Host(host) = value {
                    return self.host_method(*host, method);
                }
                let mut arguments = smallvec::SmallVec::<[Value; 2]>::new();
                for argument in &method.arguments {
                    arguments.push(self.value(argument)?);
                }
                methods::call_with(self, method, value, &arguments)
            }
        }
    }

    /// `$value.name`.
    pub(crate) fn property(&mut self, at: u32, value: &Value, name: &str) -> Outcome<Value> {
        match value {
            Value::Absent => Ok(Value::Absent),
            Value::Host(host) => self.host_property(*host, name),
            Value::Map(map) => {
                let found = map.get(name);
                Ok(match (found, map.origin) {
                    (None | Some(Value::Null), Origin::Data) => Value::Absent,
                    (found, _) => found.unwrap_or_default(),
                })
            }
            Value::List(list) if list.origin == Origin::Data && !matches!(name, "empty") => {
                Ok(Value::Absent)
            }
            _ => Ok(methods::property(self, at, value, name)),
        }
    }

    /// `$value[index]`; a negative index counts from the end.
    pub(crate) fn index(&mut self, at: u32, value: &Value, index: Value) -> Outcome<Value> {
        match value {
            Value::Host(host) => match index.as_text() {
                Some(name) => self.host_property(*host, name),
                None => Ok(Value::Null),
            },
            Value::Absent => Ok(Value::Absent),
            _ => {
                let index = match (&index, methods::size(value)) {
                    (Value::Int(number), Some(size)) if *number < 0 => {
                        Value::Int(size.saturating_add(*number))
                    }
                    (Value::Int(number), None) if *number < 0 => {
                        return self.thrown(at, "a negative index needs a list");
                    }
                    _ => index,
                };
                methods::call(self, at, value, "get", &[index])
            }
        }
    }

    // --- printing

    pub(super) fn render_reference(&mut self, reference: &Reference) -> Outcome<()> {
        let mark = self.out.len();
        self.print_reference(reference)?;
        if self.is_traced() {
            let printed = self.out[mark..].to_owned();
            let step = Step::Reference { text: &reference.literal, printed: &printed };
            self.tell(reference.at, &step);
        }
        Ok(())
    }

    fn print_reference(&mut self, reference: &Reference) -> Outcome<()> {
        let at = reference.at;
        if let Some(text) = &reference.runt {
            return self.write(at, text);
        }
        // Texts of the context go straight into the output.
        if !reference.escaped && reference.shape != Shape::Plain && self.print_leaf(reference)? {
            return Ok(());
        }
        let value = self.resolve(reference)?;
        if reference.escaped {
            self.write(at, &reference.escapes)?;
            if value.is_null() {
                self.write(at, "\\")?;
            }
            return self.write_null(reference);
        }
        let mut null = value.is_null();
        if let Value::Block(block) = &value {
            if self.render_block_value(at, block, false)? {
                return Ok(());
            }
            null = block.depth.get() >= block.max_depth;
        }
        if null {
            self.write(at, &reference.escapes)?;
            self.write(at, &reference.escapes)?;
            self.write(at, &reference.prefix)?;
            return self.write_null(reference);
        }
        self.write(at, &reference.escapes)?;
        self.write(at, &reference.prefix)?;
        match &value {
            Value::Text(text) => {
                self.step(at, text.len() / 64)?;
                self.write(at, text)
            }
            Value::Host(host) => {
                let whole = self.host_whole(*host)?;
                self.print(at, &whole)
            }
            _ => self.print(at, &value),
        }
    }

    fn print_leaf(&mut self, reference: &Reference) -> Outcome<bool> {
        if self.frames.is_some() {
            return Ok(false);
        }
        let root = match reference.root {
            known::CONTEXT => Host::Context,
            known::STAGE_VARIABLES => Host::StageVariables,
            _ => return Ok(false),
        };
        let at = reference.at;
        if !matches!(self.globals.get(reference.root as usize), Some(Value::Host(host)) if *host == root)
        {
            return Ok(false);
        }
        let mut out = std::mem::take(&mut self.out);
        let found = match self.leaf(&Value::Host(root), reference) {
            None => false,
            Some(leaf) => {
                out.push_str(&reference.escapes);
                out.push_str(&reference.prefix);
                match leaf {
                    Leaf::Text(text) => out.push_str(&text),
                    Leaf::Integer(value) => out.push_str(itoa::Buffer::new().format(value)),
                    Leaf::Bool(value) => out.push_str(if value { "true" } else { "false" }),
                    Leaf::Null => {}
                }
                true
            }
        };
        self.out = out;
        self.sized(at, self.out.len())?;
        Ok(found)
    }

    /// The reference's own text, or its argument's when it is a parameter.
    fn write_null(&mut self, reference: &Reference) -> Outcome<()> {
        let argument = reference.parameter.and_then(|name| self.argument_literal(name));
        match argument {
            Some(argument) => self.write(reference.at, &argument.literal),
            None => self.write(reference.at, &reference.null),
        }
    }

    /// Renders a block; false when it is already inside itself too often.
    pub(crate) fn render_block_value(
        &mut self,
        at: u32,
        block: &Rc<Captured>,
        own_layers: bool,
    ) -> Outcome<bool> {
        if block.depth.get() >= block.max_depth {
            return Ok(false);
        }
        block.depth.set(block.depth.get() + 1);
        let frames = if own_layers { block.frames.clone() } else { self.frames.clone() };
        self.step(at, 1)?;
        let result = self.under(frames, |run| match run.block(&block.body) {
            Err(super::Halt::Break) => Ok(()),
            other => other,
        });
        block.depth.set(block.depth.get() - 1);
        result.map(|()| true)
    }
}
