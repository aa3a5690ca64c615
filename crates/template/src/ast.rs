//! The compiled form: a tree whose names are numbers and whose texts are cut.

use std::sync::Arc;

use crate::{methods::Pattern, names::Name, path::JsonPath};

/// A byte offset into the template, turned into line and column when needed.
pub(crate) type Offset = u32;

#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) nodes: Vec<Node>,
}

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) at: Offset,
    pub(crate) kind: NodeKind,
}

#[derive(Debug)]
pub(crate) enum NodeKind {
    Text(Box<str>),
    Reference(Reference),
    Set {
        target: Reference,
        name: Name,
        value: Expr,
    },
    If {
        arms: Vec<(Expr, Block)>,
        otherwise: Option<Block>,
    },
    Foreach {
        item: Name,
        list: Expr,
        body: Block,
    },
    /// `#break`, or `#break($foreach)` with the scope to leave.
    Break(Option<Expr>),
    Stop,
    Define {
        name: Name,
        body: Arc<Block>,
    },
    Evaluate(Expr),
    Call(Arc<Call>),
}

/// `#name(...)`, perhaps a macro; otherwise the text it was written as.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: Box<str>,
    pub(crate) arguments: Vec<Arc<Argument>>,
    pub(crate) literal: Box<str>,
    pub(crate) body: Option<Arc<Block>>,
    /// A bare word among the arguments, which no macro accepts.
    pub(crate) bad_word: Option<Box<str>>,
}

#[derive(Debug)]
pub(crate) struct Argument {
    pub(crate) value: Expr,
    /// As written: printed when the value is null.
    pub(crate) literal: Box<str>,
}

#[derive(Debug)]
pub(crate) struct Macro {
    pub(crate) name: Box<str>,
    pub(crate) parameters: Vec<Name>,
    pub(crate) body: Arc<Block>,
}

#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) at: Offset,
    pub(crate) root: Name,
    pub(crate) parts: Vec<Part>,
    /// Not a reference after all: printed as its root text.
    pub(crate) runt: Option<Box<str>>,
    /// False for `$\!x`, which has no value.
    pub(crate) computable: bool,
    pub(crate) escaped: bool,
    /// Half of the backslashes before it.
    pub(crate) escapes: Box<str>,
    /// Other text that the lexer joined to it.
    pub(crate) prefix: Box<str>,
    /// Printed for null; empty for `$!x`.
    pub(crate) null: Box<str>,
    /// The macro parameter whose argument's text is printed for null instead.
    pub(crate) parameter: Option<Name>,
    /// As written.
    pub(crate) literal: Box<str>,
    /// What the first names mean when nobody has redefined them.
    pub(crate) shape: Shape,
}

/// References whose value needs no intermediate objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    Plain,
    /// `$context.a.b`: the names after the root.
    Context(Box<[Box<str>]>),
    /// `$stageVariables.a`.
    StageVariable(Box<str>),
}

#[derive(Debug)]
pub(crate) enum Part {
    Property { at: Offset, name: Arc<str> },
    Index { at: Offset, index: Expr },
    Method(Method),
}

#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) at: Offset,
    pub(crate) name: Box<str>,
    pub(crate) arguments: Vec<Expr>,
    /// The first argument compiled as a path, for `$input.path('...')`.
    pub(crate) path: Option<Arc<JsonPath>>,
    /// The first argument compiled as a regular expression, for `replaceAll`.
    pub(crate) pattern: Option<Arc<Pattern>>,
}

#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) at: Offset,
    pub(crate) kind: ExprKind,
}

#[derive(Debug)]
pub(crate) enum ExprKind {
    Reference(Box<Reference>),
    Text(Arc<str>),
    /// A double-quoted string with references or directives inside. The parser
    /// appended a space, unless a `##` is inside; it is cut off again.
    Interpolated {
        body: Block,
        spaced: bool,
    },
    Integer(i32),
    Long(i64),
    Big(i128),
    Double(f64),
    /// A number larger than any of these, as written.
    Decimal(Arc<str>),
    True,
    False,
    Range(Box<(Expr, Expr)>),
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Not(Box<Expr>),
    And(Box<(Expr, Expr)>),
    Or(Box<(Expr, Expr)>),
    Compare(Comparison, Box<(Expr, Expr)>),
    Math(Operator, Box<MathOperands>),
    /// A bare word among directive arguments; it has no value.
    Word,
}

#[derive(Debug)]
pub(crate) struct MathOperands {
    pub(crate) left: Expr,
    pub(crate) right: Expr,
    /// The operands as written: `+` prints them for null beside a string.
    pub(crate) literals: Option<(Box<str>, Box<str>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}
