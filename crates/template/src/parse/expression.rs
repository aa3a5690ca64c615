//! Expressions: what stands in `#set`, `#if` and argument lists.

use crate::{
    CompileError, Position,
    ast::{Comparison, Expr, ExprKind, MathOperands, Operator},
    lex::Kind,
};

use super::Parser;

type Parsed = Result<Expr, CompileError>;

impl Parser<'_, '_> {
    pub(super) fn expression(&mut self) -> Parsed {
        self.deeper(Self::or_expression)
    }

    fn expr(&self, at: usize, kind: ExprKind) -> Expr {
        Expr { at: self.offset(at), kind }
    }

    fn or_expression(&mut self) -> Parsed {
        let mut left = self.and_expression()?;
        let mut length = 0;
        while let Some(token) = self.take(Kind::Or)? {
            self.chain(&mut length)?;
            let right = self.and_expression()?;
            left = self.expr(token.start, ExprKind::Or(Box::new((left, right))));
        }
        Ok(left)
    }

    /// A chain of operators is a tree as deep as it is long.
    fn chain(&self, length: &mut usize) -> Result<(), CompileError> {
        *length += 1;
        if *length > super::MAX_NESTING {
            return Err(self.error(self.last.start, "an expression has too many operators"));
        }
        Ok(())
    }

    fn and_expression(&mut self) -> Parsed {
        let mut left = self.equality()?;
        let mut length = 0;
        while let Some(token) = self.take(Kind::And)? {
            self.chain(&mut length)?;
            let right = self.equality()?;
            left = self.expr(token.start, ExprKind::And(Box::new((left, right))));
        }
        Ok(left)
    }

    fn equality(&mut self) -> Parsed {
        let mut left = self.relation()?;
        let mut length = 0;
        loop {
            let comparison = match self.peek()? {
                Kind::Eq => Comparison::Eq,
                Kind::Ne => Comparison::Ne,
                _ => return Ok(left),
            };
            self.chain(&mut length)?;
            let at = self.advance()?.start;
            let right = self.relation()?;
            left = self.expr(at, ExprKind::Compare(comparison, Box::new((left, right))));
        }
    }

    fn relation(&mut self) -> Parsed {
        let mut left = self.sum()?;
        let mut length = 0;
        loop {
            let comparison = match self.peek()? {
                Kind::Lt => Comparison::Lt,
                Kind::Le => Comparison::Le,
                Kind::Gt => Comparison::Gt,
                Kind::Ge => Comparison::Ge,
                _ => return Ok(left),
            };
            self.chain(&mut length)?;
            let at = self.advance()?.start;
            let right = self.sum()?;
            left = self.expr(at, ExprKind::Compare(comparison, Box::new((left, right))));
        }
    }

    fn sum(&mut self) -> Parsed {
        self.peek()?;
        let mut start = self.ahead[0].start;
        let mut left = self.product()?;
        let mut length = 0;
        loop {
            let operator = match self.peek()? {
                Kind::Plus => Operator::Add,
                Kind::Minus => Operator::Subtract,
                _ => return Ok(left),
            };
            self.chain(&mut length)?;
            let left_literal = self.operand_literal(&left, start, self.last.end);
            let at = self.advance()?.start;
            self.peek()?;
            let right_start = self.ahead[0].start;
            let right = self.product()?;
            let right_literal = self.operand_literal(&right, right_start, self.last.end);
            let literals = (operator == Operator::Add).then_some((left_literal, right_literal));
            let operands = MathOperands { left, right, literals };
            left = self.expr(at, ExprKind::Math(operator, Box::new(operands)));
            start = at;
        }
    }

    fn operand_literal(&self, operand: &Expr, start: usize, end: usize) -> Box<str> {
        match &operand.kind {
            ExprKind::Reference(reference) => reference.literal.clone(),
            _ => self.lexer.source[start..end].trim().into(),
        }
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.unary()?;
        let mut length = 0;
        loop {
            let operator = match self.peek()? {
                Kind::Multiply => Operator::Multiply,
                Kind::Divide => Operator::Divide,
                Kind::Modulus => Operator::Modulo,
                _ => return Ok(left),
            };
            self.chain(&mut length)?;
            let at = self.advance()?.start;
            let right = self.unary()?;
            let operands = MathOperands { left, right, literals: None };
            left = self.expr(at, ExprKind::Math(operator, Box::new(operands)));
        }
    }

    fn unary(&mut self) -> Parsed {
        let negated = match self.peek()? {
            Kind::Not => true,
            Kind::Whitespace => self.peek_at(1)? == Kind::Not,
            _ => false,
        };
        if !negated {
            return self.primary();
        }
        self.skip_blank()?;
        let at = self.advance()?.start;
        let operand = self.deeper(Self::unary)?;
        Ok(self.expr(at, ExprKind::Not(Box::new(operand))))
    }

    fn primary(&mut self) -> Parsed {
        self.skip_blank()?;
        let expr = if self.take(Kind::LParen)?.is_some() {
            let inside = self.expression()?;
            self.expect(Kind::RParen, ")")?;
            inside
        } else {
            self.operand()?
        };
        self.skip_blank()?;
        Ok(expr)
    }

    /// An argument of a method, an entry of a list or map.
    pub(super) fn parameter(&mut self) -> Parsed {
        self.skip_blank()?;
        let expr = self.operand()?;
        self.skip_blank()?;
        Ok(expr)
    }

    /// A literal, a list, map or range, or a reference.
    pub(super) fn operand(&mut self) -> Parsed {
        match self.peek()? {
            Kind::Identifier | Kind::LCurly => self.reference_expr(),
            Kind::LBracket => self.deeper(Self::list_or_range),
            Kind::LeftCurly => self.deeper(Self::map),
            _ => self.literal_expr(),
        }
    }

    pub(super) fn reference_expr(&mut self) -> Parsed {
        let reference = self.reference()?;
        Ok(Expr { at: reference.at, kind: ExprKind::Reference(Box::new(reference)) })
    }

    pub(super) fn literal_expr(&mut self) -> Parsed {
        let token = self.advance()?;
        let image = self.lexer.image(&token);
        let kind = match token.kind {
            Kind::True => ExprKind::True,
            Kind::False => ExprKind::False,
            Kind::Integer => integer(image),
            Kind::Float => image.parse().map_or(ExprKind::Decimal(image.into()), ExprKind::Double),
            Kind::StringLiteral => self.string(token.start, image)?,
            Kind::Eof => return Err(self.error(token.start, "the template ends in an expression")),
            _ => {
                return Err(
                    self.error(token.start, format!("unexpected {image:?} in an expression"))
                );
            }
        };
        Ok(self.expr(token.start, kind))
    }

    fn list_or_range(&mut self) -> Parsed {
        let at = self.advance()?.start;
        let mut entries = Vec::new();
        self.skip_blank()?;
        if self.take(Kind::RBracket)?.is_none() {
            let first = self.parameter()?;
            if self.take(Kind::DoubleDot)?.is_some() {
                let range_end = self.parameter()?;
                for side in [&first, &range_end] {
                    if !matches!(
                        side.kind,
                        ExprKind::Reference(_)
                            | ExprKind::Integer(_)
                            | ExprKind::Long(_)
                            | ExprKind::Big(_)
                    ) {
                        return Err(self.error(at, "a range needs integers or references"));
                    }
                }
                self.expect(Kind::RBracket, "]")?;
                return Ok(self.expr(at, ExprKind::Range(Box::new((first, range_end)))));
            }
            entries.push(first);
            while self.take(Kind::Comma)?.is_some() {
                entries.push(self.parameter()?);
            }
            self.expect(Kind::RBracket, ", or ]")?;
        } else if !self.lexer.source[at + 1..self.last.start].is_empty() {
            return Err(self.error(at, "an empty list is written [] without blank space"));
        }
        Ok(self.expr(at, ExprKind::List(entries)))
    }

    fn map(&mut self) -> Parsed {
        let at = self.advance()?.start;
        let mut entries = Vec::new();
        self.skip_blank()?;
        if !matches!(self.peek()?, Kind::RightCurly | Kind::RCurly) {
            loop {
                let key = self.parameter()?;
                self.expect(Kind::Colon, ":")?;
                entries.push((key, self.parameter()?));
                if self.take(Kind::Comma)?.is_none() {
                    break;
                }
            }
        }
        if self.take(Kind::RCurly)?.is_none() {
            self.expect(Kind::RightCurly, ", or }")?;
        }
        Ok(self.expr(at, ExprKind::Map(entries)))
    }

    /// A string literal without its quotes; `"..."` may contain VTL.
    fn string(&mut self, at: usize, image: &str) -> Result<ExprKind, CompileError> {
        let quote = image.as_bytes()[0];
        let inside = &image[1..image.len() - 1];
        let mut text = inside.to_owned();
        if quote == b'"' {
            text = unescape(inside).ok_or_else(|| self.error(at, "a \\u needs four hex digits"))?;
        }
        let doubled = if quote == b'"' { "\"\"" } else { "''" };
        if text.contains(doubled) {
            text = text.replace(doubled, &doubled[..1]);
        }
        if quote != b'"' || !image.contains(['$', '#']) {
            return Ok(ExprKind::Text(text.into()));
        }
        let spaced = !text.contains("##");
        if spaced {
            text.push(' ');
        }
        let nesting = self.nesting + 1;
        if nesting > super::MAX_NESTING {
            return Err(self.error(at, "the template nests too deeply"));
        }
        let mut inner = Parser::new(&text, self.names, self.known, self.macro_names, nesting);
        inner.base = self.base + at + 1;
        let block = inner.template();
        let macros = std::mem::take(&mut inner.macros);
        drop(inner);
        self.macros.extend(macros);
        let body = block.map_err(|error| {
            // The place inside the string, moved to the string's own place.
            let outer = Position::of(self.lexer.source, at);
            let column = error.position.column;
            let position = Position {
                line: outer.line + error.position.line - 1,
                column: if error.position.line == 1 { outer.column + column } else { column },
            };
            CompileError { position, message: format!("in a string: {}", error.message) }
        })?;
        Ok(ExprKind::Interpolated { body, spaced })
    }
}

fn integer(image: &str) -> ExprKind {
    if let Ok(value) = image.parse() {
        ExprKind::Integer(value)
    } else if let Ok(value) = image.parse() {
        ExprKind::Long(value)
    } else if let Ok(value) = image.parse() {
        ExprKind::Big(value)
    } else {
        ExprKind::Decimal(image.into())
    }
}

/// `\uXXXX` anywhere; nothing else is an escape in Velocity.
fn unescape(text: &str) -> Option<String> {
    if !text.contains("\\u") {
        return Some(text.to_owned());
    }
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\u") {
        units.extend(rest[..at].encode_utf16());
        let digits = rest.get(at + 2..at + 6)?;
        units.push(u16::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?);
        rest = &rest[at + 6..];
    }
    units.extend(rest.encode_utf16());
    Some(String::from_utf16_lossy(&units))
}
