//! The compiled template: what a deployment keeps.

use std::sync::Arc;

use crate::{
    CompileError, Limits, Overrides, RenderError, Source, Tracer,
    ast::{Block, Macro},
    names::Names,
    parse,
    render::Run,
};

/// A compiled template; cheap to share, safe to render from many threads.
#[derive(Debug)]
pub struct Template {
    pub(crate) source: Arc<str>,
    pub(crate) names: Names,
    pub(crate) block: Block,
    pub(crate) macros: Vec<Arc<Macro>>,
}

/// What a rendering yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// What it set under `$context.requestOverride` and `responseOverride`.
    pub overrides: Overrides,
}

/// Names that have a meaning of their own, with fixed numbers.
pub(crate) mod known {
    use crate::names::Name;

    pub(crate) const INPUT: Name = 0;
    pub(crate) const UTIL: Name = 1;
    pub(crate) const CONTEXT: Name = 2;
    pub(crate) const STAGE_VARIABLES: Name = 3;
    pub(crate) const FOREACH: Name = 4;
    pub(crate) const COUNT: Name = 5;
    pub(crate) const HAS_NEXT: Name = 6;
    pub(crate) const BODY_CONTENT: Name = 7;
    pub(crate) const ALL: [&str; 8] = [
        "input",
        "util",
        "context",
        "stageVariables",
        "foreach",
        "velocityCount",
        "velocityHasNext",
        "bodyContent",
    ];
}

impl Template {
    /// Compiles a template.
    ///
    /// # Errors
    /// The place where the text stops being a template, and why.
    pub fn compile(source: &str) -> Result<Self, CompileError> {
        let mut names = Names::default();
        for name in known::ALL {
            names.number(name);
        }
        let parsed = parse::parse(source, &mut names, &|_| false)?;
        let macros = first_of_each(parsed.macros);
        Ok(Self { source: source.into(), names, block: parsed.block, macros })
    }

    /// The text this template was compiled from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Bytes on the heap, roughly: the tree takes several times the text.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        size_of::<Self>() + 512 + self.source.len() * 8
    }

    /// Renders the template.
    ///
    /// # Errors
    /// A bound was exceeded, or a method threw as it would in Java.
    pub fn render(&self, source: &dyn Source, limits: Limits) -> Result<Rendered, RenderError> {
        Run::new(self, source, limits, None).finish()
    }

    /// Renders the template and reports every step to `tracer`.
    ///
    /// # Errors
    /// As [`Template::render`]; the steps before the failure have been reported.
    pub fn trace(
        &self,
        source: &dyn Source,
        limits: Limits,
        tracer: &mut dyn Tracer,
    ) -> Result<Rendered, RenderError> {
        Run::new(self, source, limits, Some(tracer)).finish()
    }
}

/// A macro's first definition stands; later ones of its name are ignored.
pub(crate) fn first_of_each(macros: Vec<Macro>) -> Vec<Arc<Macro>> {
    let mut kept: Vec<Arc<Macro>> = Vec::with_capacity(macros.len());
    for one in macros {
        if !kept.iter().any(|before| before.name == one.name) {
            kept.push(Arc::new(one));
        }
    }
    kept
}
