//! From tokens to the compiled form: statements.
//!
//! Tokens are read only when the grammar needs them, because what a token is
//! depends on what the parser has made of those before it.

mod directive;
mod expression;
mod reference;

use std::sync::Arc;

use crate::{
    CompileError, Position,
    ast::{Block, Expr, Macro, Node, NodeKind},
    lex::{Kind, Lexer, Token},
    names::Names,
};

/// Directives that Velocity knows beside `#if`, `#set` and their kind.
const DIRECTIVES: [&str; 9] =
    ["foreach", "include", "parse", "macro", "evaluate", "break", "define", "stop", "literal"];

/// The deepest nesting of blocks, expressions and strings in a template.
const MAX_NESTING: usize = 60;

/// What parsing yields beside the tree.
pub(crate) struct Parsed {
    pub(crate) block: Block,
    pub(crate) macros: Vec<Macro>,
}

/// Parses `source`. `known` tells whether a macro of that name exists already.
pub(crate) fn parse(
    source: &str,
    names: &mut Names,
    known: &dyn Fn(&str) -> bool,
) -> Result<Parsed, CompileError> {
    let mut macro_names = Vec::new();
    let mut parser = Parser::new(source, names, known, &mut macro_names, 0);
    let block = parser.template()?;
    let macros = std::mem::take(&mut parser.macros);
    Ok(Parsed { block, macros })
}

struct Parser<'s, 'n> {
    lexer: Lexer<'s>,
    /// Tokens read ahead, `ahead[0]` first, and the one consumed last.
    ahead: std::collections::VecDeque<Token>,
    last: Token,
    names: &'n mut Names,
    known: &'n dyn Fn(&str) -> bool,
    /// Macros whose definition has been read, for escapes.
    macro_names: &'n mut Vec<String>,
    macros: Vec<Macro>,
    nesting: usize,
    /// The tokens of a `#literal` block, as written.
    tape: Option<String>,
    /// Where a nested text stands in its template.
    base: usize,
}

impl<'s, 'n> Parser<'s, 'n> {
    fn new(
        source: &'s str,
        names: &'n mut Names,
        known: &'n dyn Fn(&str) -> bool,
        macro_names: &'n mut Vec<String>,
        nesting: usize,
    ) -> Self {
        let last = Token { kind: Kind::Eof, start: 0, end: 0, special: None };
        Self {
            lexer: Lexer::new(source),
            ahead: std::collections::VecDeque::new(),
            last,
            names,
            known,
            macro_names,
            macros: Vec::new(),
            nesting,
            tape: None,
            base: 0,
        }
    }

    fn template(&mut self) -> Result<Block, CompileError> {
        let block = self.block()?;
        self.expect(Kind::Eof, "the end of the template")?;
        Ok(block)
    }

    // --- tokens

    fn peek_at(&mut self, distance: usize) -> Result<Kind, CompileError> {
        while self.ahead.len() <= distance {
            let token = self.lexer.next()?;
            self.ahead.push_back(token);
        }
        Ok(self.ahead[distance].kind)
    }

    fn peek(&mut self) -> Result<Kind, CompileError> {
        self.peek_at(0)
    }

    fn advance(&mut self) -> Result<Token, CompileError> {
        let token = match self.ahead.pop_front() {
            Some(token) => token,
            None => self.lexer.next()?,
        };
        self.last = token.clone();
        if self.tape.is_some() {
            let literal = self.literal(&token);
            self.tape.get_or_insert_default().push_str(&literal);
        }
        Ok(token)
    }

    fn take(&mut self, kind: Kind) -> Result<Option<Token>, CompileError> {
        if self.peek()? == kind { self.advance().map(Some) } else { Ok(None) }
    }

    fn expect(&mut self, kind: Kind, wanted: &str) -> Result<Token, CompileError> {
        let token = self.advance()?;
        if token.kind == kind {
            return Ok(token);
        }
        let met = match token.kind {
            Kind::Eof => "the end of the template".to_owned(),
            _ => format!("{:?}", self.lexer.image(&token)),
        };
        Err(self.error(token.start, format!("expected {wanted}, met {met}")))
    }

    fn skip_blank(&mut self) -> Result<(), CompileError> {
        self.take(Kind::Whitespace).map(|_| ())
    }

    fn error(&self, at: usize, message: impl Into<String>) -> CompileError {
        CompileError { position: Position::of(self.lexer.source, at), message: message.into() }
    }

    /// A place as stored in the tree.
    fn offset(&self, at: usize) -> u32 {
        u32::try_from(self.base + at).unwrap_or(u32::MAX)
    }

    /// A token as printed: with what stood loosely before it.
    fn literal(&self, token: &Token) -> String {
        let image = if token.kind == Kind::MultiLineComment { "" } else { self.lexer.image(token) };
        format!("{}{image}", token.special.as_deref().unwrap_or(""))
    }

    fn deeper<T>(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<T, CompileError>,
    ) -> Result<T, CompileError> {
        if self.nesting >= MAX_NESTING {
            return Err(self.error(self.last.start, "the template nests too deeply"));
        }
        self.nesting += 1;
        let result = inside(self);
        self.nesting -= 1;
        result
    }

    // --- statements

    fn block(&mut self) -> Result<Block, CompileError> {
        self.deeper(|parser| {
            let mut block = Block::default();
            while parser.statement(&mut block)? {}
            Ok(block)
        })
    }

    fn text(&mut self, block: &mut Block, at: usize, text: String) {
        if text.is_empty() {
            return;
        }
        if let Some(Node { kind: NodeKind::Text(before), .. }) = block.nodes.last_mut() {
            let mut joined = std::mem::take(before).into_string();
            joined.push_str(&text);
            *before = joined.into_boxed_str();
            return;
        }
        let at = self.offset(at);
        block.nodes.push(Node { at, kind: NodeKind::Text(text.into_boxed_str()) });
    }

    /// Reads one statement; false when none begins here.
    fn statement(&mut self, block: &mut Block) -> Result<bool, CompileError> {
        let kind = self.peek()?;
        let at = self.ahead[0].start;
        match kind {
            Kind::If => {
                let node = self.if_statement()?;
                block.nodes.push(node);
            }
            Kind::Identifier => {
                self.peek_at(1)?;
                self.reference_statement(block)?;
            }
            Kind::LCurly if self.peek_at(1)? == Kind::Identifier => {
                self.reference_statement(block)?;
            }
            Kind::SingleLineCommentStart | Kind::FormalComment | Kind::MultiLineComment => {
                let token = self.advance()?;
                let image = self.lexer.image(&token);
                let cut = image.find("##").or_else(|| image.find("#*")).unwrap_or(0);
                let before = image[..cut].to_owned();
                self.text(block, at, before);
                if kind == Kind::SingleLineCommentStart {
                    self.take(Kind::SingleLineComment)?;
                }
            }
            Kind::TextBlock => {
                let token = self.advance()?;
                let image = self.lexer.image(&token);
                let Some(inside) = image.get(3..image.len() - 3) else {
                    return Err(self.error(at, "## inside #[[ ]]# ends the literal text"));
                };
                self.text(block, at, inside.to_owned());
            }
            Kind::SetDirective => {
                let node = self.set_statement()?;
                block.nodes.push(node);
            }
            Kind::EscapeDirective => {
                let token = self.advance()?;
                let text = self.escaped_directive(&token);
                self.text(block, at, text);
            }
            Kind::DoubleEscape => self.escape(block)?,
            Kind::Word | Kind::BracketedWord => self.directive(block)?,
            Kind::Text
            | Kind::Dot
            | Kind::RParen
            | Kind::LParen
            | Kind::Integer
            | Kind::Float
            | Kind::StringLiteral
            | Kind::Escape
            | Kind::LCurly
            | Kind::RCurly
            | Kind::EmptyIndex => {
                let token = self.advance()?;
                let text = self.literal(&token);
                self.text(block, at, text);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn reference_statement(&mut self, block: &mut Block) -> Result<(), CompileError> {
        let reference = self.reference()?;
        let at = reference.at;
        block.nodes.push(Node { at, kind: NodeKind::Reference(reference) });
        Ok(())
    }

    fn is_directive(&self, name: &str) -> bool {
        DIRECTIVES.contains(&name)
            || self.macro_names.iter().any(|known| known == name)
            || (self.known)(name)
    }

    /// `\#if`: half the backslashes, if the word after them is a directive.
    fn escaped_directive(&self, token: &Token) -> String {
        let image = self.lexer.image(token);
        let last = image.rfind('\\').unwrap_or(0);
        let directive = &image[last + 1..];
        let name = &directive[1..];
        let name = name.strip_prefix('{').and_then(|n| n.strip_suffix('}')).unwrap_or(name);
        let control = matches!(name, "if" | "end" | "set" | "else" | "elseif");
        if control || self.is_directive(name) {
            format!("{}{directive}", &image[..last / 2])
        } else {
            image.to_owned()
        }
    }

    /// Pairs of backslashes: one each before a directive, else both.
    fn escape(&mut self, block: &mut Block) -> Result<(), CompileError> {
        let at = self.advance()?.start;
        let mut pairs = 1;
        while self.take(Kind::DoubleEscape)?.is_some() {
            pairs += 1;
        }
        let next = &self.ahead[0];
        let control = match next.kind {
            Kind::End | Kind::If | Kind::ElseIf | Kind::Else => true,
            Kind::Eof => false,
            _ => {
                let image = self.lexer.image(next);
                let cut = image.chars().next().map_or(0, char::len_utf8);
                self.is_directive(&image[cut..])
            }
        };
        let text = if control { "\\".repeat(pairs) } else { "\\\\".repeat(pairs) };
        self.text(block, at, text);
        Ok(())
    }

    fn if_statement(&mut self) -> Result<Node, CompileError> {
        let start = self.advance()?.start;
        let at = self.offset(start);
        let mut arms = vec![self.arm()?];
        while self.take(Kind::ElseIf)?.is_some() {
            arms.push(self.arm()?);
        }
        let otherwise = match self.take(Kind::Else)? {
            Some(_) => Some(self.block()?),
            None => None,
        };
        self.expect_end(start)?;
        Ok(Node { at, kind: NodeKind::If { arms, otherwise } })
    }

    fn expect_end(&mut self, opened: usize) -> Result<(), CompileError> {
        let line = Position::of(self.lexer.source, opened).line;
        self.expect(Kind::End, &format!("#end for the directive on line {line}")).map(|_| ())
    }

    fn arm(&mut self) -> Result<(Expr, Block), CompileError> {
        self.skip_blank()?;
        self.expect(Kind::LParen, "(")?;
        let condition = self.expression()?;
        self.expect(Kind::RParen, ")")?;
        Ok((condition, self.block()?))
    }

    fn set_statement(&mut self) -> Result<Node, CompileError> {
        let start = self.advance()?.start;
        let at = self.offset(start);
        self.skip_blank()?;
        if !matches!(self.peek()?, Kind::Identifier | Kind::LCurly) {
            return Err(self.error(start, "#set needs a reference on its left side"));
        }
        let (target, image) = self.reference_with_image()?;
        // Velocity sets what follows the first character of the first token.
        let name = self.names.number(image.get(1..).unwrap_or(""));
        self.skip_blank()?;
        self.expect(Kind::Equals, "=")?;
        let value = self.expression()?;
        self.expect(Kind::RParen, ")")?;
        self.lexer.set_is_done();
        Ok(Node { at, kind: NodeKind::Set { target, name, value } })
    }

    fn arc_block(&mut self) -> Result<Arc<Block>, CompileError> {
        self.block().map(Arc::new)
    }
}
