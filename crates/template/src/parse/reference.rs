//! References: `$a`, `${a}`, `$!a.b[0].c("d")`, and what only looks like one.

use std::sync::Arc;

use crate::{
    CompileError,
    ast::{Expr, ExprKind, Method, Part, Reference, Shape},
    lex::{Kind, Token},
    methods::Pattern,
    path::JsonPath,
};

use super::Parser;

/// How the first token of a reference was taken apart.
struct Root {
    name: String,
    escapes: String,
    escaped: bool,
    prefix: String,
    /// The first token without backslashes and prefix.
    image: String,
    runt: bool,
    quiet: bool,
}

impl Parser<'_, '_> {
    pub(super) fn reference(&mut self) -> Result<Reference, CompileError> {
        self.reference_with_image().map(|(reference, _)| reference)
    }

    /// A reference, and its first token's image without escapes.
    pub(super) fn reference_with_image(&mut self) -> Result<(Reference, String), CompileError> {
        self.deeper(Self::reference_inside)
    }

    fn reference_inside(&mut self) -> Result<(Reference, String), CompileError> {
        let outer = self.tape.replace(String::new());
        let first = self.advance()?;
        let identifier = match first.kind {
            Kind::Identifier => None,
            Kind::LCurly => Some(self.expect(Kind::Identifier, "a name")?),
            _ => return Err(self.error(first.start, "expected a reference")),
        };
        let mut literal = String::new();
        let mut parts = Vec::new();
        self.parts(&mut parts)?;
        if identifier.is_some() {
            self.expect(Kind::RCurly, "}")?;
        }
        let written = self.tape.take().unwrap_or_default();
        let tail = written[self.literal(&first).len()..].to_owned();
        self.tape = outer.map(|before| before + &written);
        let special = first.special.as_deref().unwrap_or("");
        let image = self.lexer.image(&first).to_owned();
        let next = identifier.as_ref().map(|token| self.lexer.image(token));

        if let Some(text) = slash_bang(&image) {
            let reference = self.no_reference(&first, text);
            return Ok((reference, image));
        }
        let root = take_apart(&image, next);
        literal.push_str(special);
        literal.push_str(&root.image);
        literal.push_str(&tail);
        let null = if root.quiet && !root.escaped { String::new() } else { literal.clone() };
        // Only `$name` itself, not `${name}` or `$name.x`, stands for an argument.
        let parameter = null
            .strip_prefix('$')
            .filter(|name| !name.is_empty() && parts.is_empty() && identifier.is_none())
            .map(|name| self.names.number(name));
        let shape = shape(&root.name, &parts);
        let reference = Reference {
            at: self.offset(first.start),
            root: self.names.number(&root.name),
            parts,
            runt: root.runt.then(|| root.image.clone().into_boxed_str()),
            computable: true,
            escaped: root.escaped,
            escapes: root.escapes.into_boxed_str(),
            prefix: root.prefix.into_boxed_str(),
            null: null.into_boxed_str(),
            parameter,
            literal: literal.into_boxed_str(),
            shape,
        };
        Ok((reference, root.image))
    }

    /// `$\!x`: prints itself with one backslash less.
    fn no_reference(&mut self, first: &Token, text: String) -> Reference {
        Reference {
            at: self.offset(first.start),
            root: self.names.number(&text),
            parts: Vec::new(),
            runt: None,
            computable: false,
            escaped: false,
            escapes: Box::default(),
            prefix: Box::default(),
            null: text.clone().into_boxed_str(),
            parameter: None,
            literal: text.into_boxed_str(),
            shape: Shape::Plain,
        }
    }

    fn parts(&mut self, parts: &mut Vec<Part>) -> Result<(), CompileError> {
        self.indexes(parts)?;
        while self.peek()? == Kind::Dot && self.peek_at(1)? == Kind::Identifier {
            self.advance()?;
            let name = self.advance()?;
            let is_method = self.peek()? == Kind::LParen
                && match self.peek_at(1)? {
                    Kind::RefMod2RParen | Kind::Whitespace => true,
                    kind => kind.starts_value(),
                };
            let at = self.offset(name.start);
            let text = self.lexer.image(&name);
            if is_method {
                self.advance()?;
                let arguments = self.arguments()?;
                let path = literal_path(text, &arguments);
                let pattern = literal_pattern(text, &arguments);
                let name = text.into();
                parts.push(Part::Method(Method { at, name, arguments, path, pattern }));
            } else {
                parts.push(Part::Property { at, name: text.into() });
            }
            self.indexes(parts)?;
        }
        Ok(())
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, CompileError> {
        let mut arguments = Vec::new();
        if self.peek()? != Kind::RefMod2RParen {
            arguments.push(self.parameter()?);
            while self.take(Kind::Comma)?.is_some() {
                arguments.push(self.parameter()?);
            }
        }
        self.expect(Kind::RefMod2RParen, ", or )")?;
        Ok(arguments)
    }

    fn indexes(&mut self, parts: &mut Vec<Part>) -> Result<(), CompileError> {
        while let Some(open) = self.take(Kind::IndexOpen)? {
            self.skip_blank()?;
            let index = match self.peek()? {
                Kind::StringLiteral | Kind::Integer | Kind::True | Kind::False => {
                    self.literal_expr()?
                }
                Kind::Identifier | Kind::LCurly => self.reference_expr()?,
                _ => return Err(self.error(open.start, "expected an index")),
            };
            self.skip_blank()?;
            self.expect(Kind::IndexClose, "]")?;
            parts.push(Part::Index { at: self.offset(open.start), index });
        }
        Ok(())
    }
}

/// `$input.path('$.a')`: the path is compiled with the template. A path that
/// does not parse fails when it is used, as at AWS.
fn literal_path(method: &str, arguments: &[Expr]) -> Option<Arc<JsonPath>> {
    match (method, arguments) {
        ("path" | "json", [Expr { kind: ExprKind::Text(text), .. }]) => {
            JsonPath::parse(text).ok().map(Arc::new)
        }
        _ => None,
    }
}

fn literal_pattern(method: &str, arguments: &[Expr]) -> Option<Arc<Pattern>> {
    match (method, arguments.first()) {
        (
            "replaceAll" | "replaceFirst" | "matches" | "split",
            Some(Expr { kind: ExprKind::Text(text), .. }),
        ) => Pattern::parse(text).ok().map(Arc::new),
        _ => None,
    }
}

fn shape(root: &str, parts: &[Part]) -> Shape {
    let mut names = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Part::Property { name, .. } => names.push(Box::from(&**name)),
            Part::Index { index: Expr { kind: ExprKind::Text(text), .. }, .. } => {
                names.push(Box::from(&**text));
            }
            _ => return Shape::Plain,
        }
    }
    match (root, names.as_slice()) {
        ("context", [_, ..]) => Shape::Context(names.into_boxed_slice()),
        ("stageVariables", [name]) => Shape::StageVariable(name.clone()),
        _ => Shape::Plain,
    }
}

/// The text that `$\!x` prints, if the image has such a slash.
fn slash_bang(image: &str) -> Option<String> {
    image.find("\\!")?;
    let dollar = image.find('$')?;
    let start = dollar + image[dollar..].find('\\')?;
    let slashes = image[start..].bytes().take_while(|byte| *byte == b'\\').count();
    Some(format!("{}{}", &image[..start + slashes - 1], &image[start + slashes..]))
}

fn take_apart(image: &str, next: Option<&str>) -> Root {
    let slashes = image.bytes().take_while(|byte| *byte == b'\\').count();
    let rest = &image[slashes..];
    let dollar = rest.rfind('$').unwrap_or(0);
    let (prefix, rest) = rest.split_at(dollar);
    let (name, quiet, runt) = if let Some(after) = rest.strip_prefix("$!") {
        let name = if after.starts_with('{') { next.unwrap_or("") } else { after };
        (name.to_owned(), true, false)
    } else if rest == "${" {
        (next.unwrap_or("").to_owned(), false, false)
    } else if let Some(name) = rest.strip_prefix('$') {
        (name.to_owned(), false, false)
    } else {
        (rest.to_owned(), false, true)
    };
    Root {
        name,
        escapes: "\\".repeat(slashes / 2),
        escaped: slashes % 2 == 1,
        prefix: prefix.to_owned(),
        image: rest.to_owned(),
        runt,
        quiet,
    }
}
