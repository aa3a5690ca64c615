//! Running a compiled template.

mod directive;
mod expression;
mod frame;
mod host;
mod overrides;
mod reference;
mod set;

use std::{rc::Rc, sync::Arc};

use crate::{
    Fault, Limits, Position, RenderError, Rendered, Source, Step, Template, Tracer,
    ast::{Block, Macro, Node, NodeKind, Offset},
    names::Names,
    template::known,
    value::{Full, Host, Printer, Turn, Value},
};

pub(crate) use directive::entry;
pub(crate) use frame::{Captured, Frame};
use host::HostState;

/// Why a node did not come to its end.
#[derive(Debug)]
pub(crate) enum Halt {
    /// `#break`: the nearest loop, macro, block or evaluation ends.
    Break,
    /// `#break($foreach)`: that loop ends.
    Leave(Rc<Turn>),
    /// `#stop`: the evaluation or the template ends.
    Stop,
    Error(Box<RenderError>),
}

pub(crate) type Outcome<T> = Result<T, Halt>;

/// One rendering.
pub(crate) struct Run<'r> {
    template: &'r Template,
    pub(crate) source: &'r dyn Source,
    pub(crate) limits: Limits,
    tracer: Option<&'r mut dyn Tracer>,
    pub(crate) out: String,
    /// Variables outside macros, by name.
    globals: Vec<Value>,
    /// The layers that macro calls put over the variables.
    frames: Option<Rc<Frame>>,
    /// Names and macros that `#evaluate` has added.
    added_names: Option<Names>,
    added_macros: Vec<Arc<Macro>>,
    steps: u64,
    depth: usize,
    macro_depth: usize,
    pub(crate) host: HostState,
    /// The `#evaluate` that is running: places inside it are its own.
    evaluating: Option<Offset>,
    /// Containers that were changed, and frames that blocks hold: what may form
    /// circles, taken apart at the end.
    changed: Vec<Value>,
    held: Vec<Rc<Frame>>,
}

impl<'r> Run<'r> {
    pub(crate) fn new(
        template: &'r Template,
        source: &'r dyn Source,
        limits: Limits,
        tracer: Option<&'r mut dyn Tracer>,
    ) -> Self {
        let mut globals = Vec::new();
        globals.resize(template.names.len(), Value::Null);
        globals[known::INPUT as usize] = Value::Host(Host::Input);
        globals[known::UTIL as usize] = Value::Host(Host::Util);
        globals[known::CONTEXT as usize] = Value::Host(Host::Context);
        globals[known::STAGE_VARIABLES as usize] = Value::Host(Host::StageVariables);
        Self {
            template,
            source,
            limits,
            tracer,
            out: String::with_capacity(template.source.len() + 256),
            globals,
            frames: None,
            added_names: None,
            added_macros: Vec::new(),
            steps: 0,
            depth: 0,
            macro_depth: 0,
            host: HostState::default(),
            evaluating: None,
            changed: Vec::new(),
            held: Vec::new(),
        }
    }

    pub(crate) fn finish(mut self) -> Result<Rendered, RenderError> {
        let template = self.template;
        let result = match self.block(&template.block) {
            Ok(()) | Err(Halt::Break | Halt::Stop | Halt::Leave(_)) => Ok(()),
            Err(Halt::Error(error)) => Err(*error),
        };
        let result = result.and_then(|()| {
            let overrides = self.overrides()?;
            Ok(Rendered { text: std::mem::take(&mut self.out), overrides })
        });
        self.take_apart();
        result
    }

    /// Breaks every circle that the template may have made.
    fn take_apart(&mut self) {
        for frame in self.held.drain(..) {
            frame.clear();
        }
        self.frames = None;
        for value in self.changed.drain(..) {
            match &value {
                Value::List(list) => drop(list.items.take()),
                Value::Map(map) => drop(map.entries.take()),
                _ => {}
            }
        }
    }

    // --- bounds and errors

    pub(crate) fn error<T>(&self, at: Offset, fault: Fault) -> Outcome<T> {
        Err(Halt::Error(Box::new(RenderError { position: self.position(at), fault })))
    }

    pub(crate) fn thrown<T>(&self, at: Offset, message: impl Into<String>) -> Outcome<T> {
        self.error(at, Fault::Thrown(message.into()))
    }

    fn position(&self, at: Offset) -> Position {
        Position::of(&self.template.source, self.evaluating.unwrap_or(at) as usize)
    }

    /// Counts work; long templates end here.
    pub(crate) fn step(&mut self, at: Offset, steps: usize) -> Outcome<()> {
        self.steps += steps as u64;
        if self.steps > self.limits.steps {
            return self.error(at, Fault::Steps(self.limits.steps));
        }
        Ok(())
    }

    pub(crate) fn deeper<T>(
        &mut self,
        at: Offset,
        inside: impl FnOnce(&mut Self) -> Outcome<T>,
    ) -> Outcome<T> {
        if self.depth >= self.limits.depth {
            return self.error(at, Fault::Depth(self.limits.depth));
        }
        self.depth += 1;
        let result = inside(self);
        self.depth -= 1;
        result
    }

    /// Refuses a text that is larger than the output may be.
    pub(crate) fn sized(&self, at: Offset, bytes: usize) -> Outcome<()> {
        if bytes > self.limits.output_bytes {
            return self.error(at, Fault::Size(self.limits.output_bytes));
        }
        Ok(())
    }

    pub(crate) fn write(&mut self, at: Offset, text: &str) -> Outcome<()> {
        self.sized(at, self.out.len() + text.len())?;
        self.out.push_str(text);
        Ok(())
    }

    pub(crate) fn full<T>(&self, at: Offset, full: Full) -> Outcome<T> {
        match full {
            Full::Size => self.error(at, Fault::Size(self.limits.output_bytes)),
            Full::Depth => self.error(at, Fault::Depth(self.limits.depth)),
        }
    }

    /// Appends `toString` of a value that is neither null nor a block.
    pub(crate) fn print(&mut self, at: Offset, value: &Value) -> Outcome<()> {
        let before = self.out.len();
        let mut printer = Printer {
            out: &mut self.out,
            limit: self.limits.output_bytes,
            max_depth: self.limits.depth,
        };
        let printed = printer.print(value, 0);
        if let Err(full) = printed {
            return self.full(at, full);
        }
        // Printing is work too: a value printed often must not be free.
        self.step(at, (self.out.len() - before) / 64)
    }

    /// `toString` of a value as a text of its own.
    pub(crate) fn text_of(&mut self, at: Offset, value: &Value) -> Outcome<Arc<str>> {
        if let Value::Text(text) = value {
            return Ok(text.clone());
        }
        let mark = self.out.len();
        if let Value::Block(block) = value {
            let block = block.clone();
            self.render_block_value(at, &block, true)?;
        } else {
            self.print(at, value)?;
        }
        Ok(self.cut(mark))
    }

    /// What was written since `mark`, taken off the output.
    pub(crate) fn cut(&mut self, mark: usize) -> Arc<str> {
        let text = self.out[mark..].into();
        self.out.truncate(mark);
        text
    }

    /// Remembers a container that is about to be changed.
    pub(crate) fn changing(&mut self, container: &Value, added: &Value) {
        if added.is_container() {
            self.changed.push(container.clone());
        }
    }

    // --- tracing

    fn tell(&mut self, at: Offset, step: &Step<'_>) {
        let position = self.position(at);
        if let Some(tracer) = &mut self.tracer {
            tracer.step(position, step);
        }
    }

    fn is_traced(&self) -> bool {
        self.tracer.is_some()
    }

    // --- nodes

    pub(crate) fn block(&mut self, block: &Block) -> Outcome<()> {
        let at = block.nodes.first().map_or(0, |node| node.at);
        self.deeper(at, |run| {
            for node in &block.nodes {
                run.node(node)?;
            }
            Ok(())
        })
    }

    fn node(&mut self, node: &Node) -> Outcome<()> {
        self.step(node.at, 1)?;
        match &node.kind {
            NodeKind::Text(text) => self.write(node.at, text),
            NodeKind::Reference(reference) => self.render_reference(reference),
            NodeKind::Set { target, name, value } => self.set(node.at, target, *name, value),
            NodeKind::If { arms, otherwise } => {
                for (condition, body) in arms {
                    let holds = self.holds(condition)?;
                    self.tell_if(condition.at, &Step::Condition { holds });
                    if holds {
                        return self.block(body);
                    }
                }
                otherwise.as_ref().map_or(Ok(()), |body| self.block(body))
            }
            NodeKind::Foreach { item, list, body } => self.foreach(node.at, *item, list, body),
            NodeKind::Break(scope) => self.break_directive(node.at, scope.as_ref()),
            NodeKind::Stop => {
                self.tell_if(node.at, &Step::Stop);
                Err(Halt::Stop)
            }
            NodeKind::Define { name, body } => self.define(*name, body),
            NodeKind::Evaluate(text) => self.evaluate(node.at, text),
            NodeKind::Call(call) => self.call(node.at, call),
        }
    }

    fn tell_if(&mut self, at: Offset, step: &Step<'_>) {
        if self.is_traced() {
            self.tell(at, step);
        }
    }
}
