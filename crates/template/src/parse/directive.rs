//! Directives with a name: `#foreach`, `#macro`, ..., macro calls, and words
//! after a `#` that mean nothing.

use std::sync::Arc;

use crate::{
    CompileError,
    ast::{Argument, Block, Call, Expr, ExprKind, Macro, Node, NodeKind},
    lex::{Kind, Token},
};

use super::{DIRECTIVES, Parser};

/// An argument between a directive's parentheses, with its first token.
struct Given {
    value: Expr,
    first: String,
    literal: String,
    is_word: bool,
}

impl Parser<'_, '_> {
    pub(super) fn directive(&mut self, block: &mut Block) -> Result<(), CompileError> {
        let token = self.advance()?;
        let image = self.lexer.image(&token);
        let name = match token.kind {
            Kind::BracketedWord => image.get(2..image.len() - 1).unwrap_or(""),
            _ => image.get(1..).unwrap_or(""),
        }
        .to_owned();
        self.lexer.switch_to_directive();
        if !self.lexer.left_parenthesis_follows() {
            return self.bare(block, &token, &name);
        }
        self.skip_blank()?;
        self.expect(Kind::LParen, "(")?;
        let given = self.given(&token, &name)?;
        self.skip_blank()?;
        self.expect(Kind::RParen, "an argument or )")?;
        let close = self.last.end;
        let takes_block = matches!(name.as_str(), "foreach" | "macro" | "define" | "literal")
            || name.starts_with('@');
        if !takes_block {
            return self.line_directive(block, &token, &name, given, close);
        }
        let outer = self.tape.take();
        self.tape = (outer.is_some() || name == "literal").then(String::new);
        let inside = self.arc_block()?;
        let written = self.tape.take();
        self.tape = outer.map(|before| before + written.as_deref().unwrap_or(""));
        self.expect_end(token.start)?;
        if name == "literal" {
            self.text(block, token.start, written.unwrap_or_default());
            return Ok(());
        }
        self.block_directive(block, &token, &name, given, inside)
    }

    /// `#word` without parentheses.
    fn bare(&mut self, block: &mut Block, token: &Token, name: &str) -> Result<(), CompileError> {
        let at = self.offset(token.start);
        let kind = match name {
            "break" => NodeKind::Break(None),
            "stop" => NodeKind::Stop,
            "macro" | "foreach" | "define" | "evaluate" | "include" | "parse" | "literal" => {
                return Err(
                    self.error(token.start, format!("#{name} needs arguments in parentheses"))
                );
            }
            _ => {
                self.lexer.pop();
                let literal = if name.starts_with('@') {
                    format!("#{name}")
                } else {
                    self.lexer.image(token).to_owned()
                };
                NodeKind::Call(Arc::new(Call {
                    name: name.strip_prefix('@').map_or(name, |_| "").into(),
                    arguments: Vec::new(),
                    literal: literal.into_boxed_str(),
                    body: None,
                    bad_word: None,
                }))
            }
        };
        if matches!(name, "break" | "stop") {
            self.lexer.pop();
        }
        block.nodes.push(Node { at, kind });
        Ok(())
    }

    fn given(&mut self, token: &Token, name: &str) -> Result<Vec<Given>, CompileError> {
        let mut given = Vec::new();
        while self.argument_follows()? {
            self.skip_blank()?;
            if self.take(Kind::Comma)?.is_some() {
                self.skip_blank()?;
            }
            self.peek()?;
            let start = self.ahead[0].start;
            let first = self.lexer.image(&self.ahead[0]).to_owned();
            let is_word = self.ahead[0].kind == Kind::Word;
            let value = if is_word {
                self.advance()?;
                Expr { at: self.offset(start), kind: ExprKind::Word }
            } else {
                self.operand()?
            };
            let position = given.len();
            let allowed = match name {
                "macro" if position == 0 => is_word,
                "foreach" => !is_word || position == 1,
                _ if DIRECTIVES.contains(&name) || (self.known)(name) => !is_word,
                _ => true,
            };
            // A parameter of a macro may be any word, odd as that is.
            if !allowed {
                let message = if name == "macro" {
                    "the first argument of #macro is its name, a bare word".to_owned()
                } else {
                    format!("invalid argument {first:?} in #{name}")
                };
                return Err(self.error(start.max(token.start), message));
            }
            let literal = match &value.kind {
                ExprKind::Reference(reference) => reference.literal.to_string(),
                _ => self.lexer.source[start..self.last.end].to_owned(),
            };
            given.push(Given { value, first, literal, is_word });
        }
        Ok(given)
    }

    /// Looks two tokens ahead: `[blank] [, [blank]] argument`.
    fn argument_follows(&mut self) -> Result<bool, CompileError> {
        let starts = |kind: Kind| kind.starts_value() || kind == Kind::Word;
        Ok(match self.peek()? {
            Kind::Whitespace => {
                let next = self.peek_at(1)?;
                next == Kind::Comma || starts(next)
            }
            Kind::Comma => {
                let next = self.peek_at(1)?;
                next == Kind::Whitespace || starts(next)
            }
            kind => starts(kind),
        })
    }

    fn line_directive(
        &mut self,
        block: &mut Block,
        token: &Token,
        name: &str,
        given: Vec<Given>,
        close: usize,
    ) -> Result<(), CompileError> {
        let at = self.offset(token.start);
        let kind = match name {
            "include" | "parse" => {
                return Err(self
                    .error(token.start, format!("#{name} is not available: there are no files")));
            }
            "evaluate" => {
                let [argument]: [Given; 1] = given
                    .try_into()
                    .map_err(|_| self.error(token.start, "#evaluate needs exactly one argument"))?;
                if !matches!(
                    argument.value.kind,
                    ExprKind::Text(_) | ExprKind::Interpolated { .. } | ExprKind::Reference(_)
                ) {
                    return Err(self.error(token.start, "#evaluate needs a string or a reference"));
                }
                NodeKind::Evaluate(argument.value)
            }
            "break" | "stop" => {
                if given.len() > 1 {
                    return Err(
                        self.error(token.start, format!("#{name} takes one argument at most"))
                    );
                }
                let argument = given.into_iter().next().map(|argument| argument.value);
                if name == "stop" { NodeKind::Stop } else { NodeKind::Break(argument) }
            }
            _ => {
                let literal = self.lexer.source[token.start..close].into();
                NodeKind::Call(Arc::new(call(name, given, literal, None)))
            }
        };
        block.nodes.push(Node { at, kind });
        Ok(())
    }

    fn block_directive(
        &mut self,
        block: &mut Block,
        token: &Token,
        name: &str,
        given: Vec<Given>,
        inside: Arc<Block>,
    ) -> Result<(), CompileError> {
        let at = self.offset(token.start);
        let kind = match name {
            // With two arguments Velocity takes the block for the list.
            "foreach" if given.len() == 2 => return Ok(()),
            "foreach" => {
                let [item, _, list]: [Given; 3] = given.try_into().map_err(|_| {
                    self.error(token.start, "#foreach is written #foreach($item in $list)")
                })?;
                let item = match &item.value.kind {
                    ExprKind::Reference(reference) => reference.root,
                    _ => self.names.number(item.first.get(1..).unwrap_or("")),
                };
                let body = Arc::try_unwrap(inside).unwrap_or_default();
                NodeKind::Foreach { item, list: list.value, body }
            }
            "define" => {
                let [argument]: [Given; 1] = given
                    .try_into()
                    .map_err(|_| self.error(token.start, "#define needs one reference"))?;
                let name = self.names.number(argument.first.get(1..).unwrap_or(""));
                NodeKind::Define { name, body: inside }
            }
            "macro" => {
                let mut given = given.into_iter();
                let Some(first) = given.next() else {
                    return Err(self.error(token.start, "#macro needs a name"));
                };
                let parameters = given
                    .map(|parameter| {
                        let text = &parameter.first;
                        self.names.number(text.strip_prefix('$').unwrap_or(text))
                    })
                    .collect();
                self.macro_names.push(first.first.clone());
                self.macros.push(Macro { name: first.first.into(), parameters, body: inside });
                return Ok(());
            }
            _ => {
                let literal = self.lexer.source[token.start..self.last.end].into();
                let name = name.strip_prefix('@').unwrap_or(name);
                NodeKind::Call(Arc::new(call(name, given, literal, Some(inside))))
            }
        };
        block.nodes.push(Node { at, kind });
        Ok(())
    }
}

fn call(name: &str, given: Vec<Given>, literal: Box<str>, body: Option<Arc<Block>>) -> Call {
    let bad_word = given.iter().find(|one| one.is_word).map(|one| one.first.as_str().into());
    let arguments = given
        .into_iter()
        .map(|one| Arc::new(Argument { value: one.value, literal: one.literal.into() }))
        .collect();
    Call { name: name.into(), arguments, literal, body, bad_word }
}
