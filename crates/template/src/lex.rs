//! The lexer: Velocity 1.7's lexical states, so that odd texts mean what they
//! mean there.
//!
//! Velocity's grammar is spread over a stack of lexical states, and which words
//! are tokens depends on the state. Text that merely looks like VTL (`$5`,
//! `#ff0000`, an e-mail address) is told apart here, one character at a time.
//! Some pieces do not end a token but are the beginning of the next one
//! (`$`, `#`, `#*`); a token's image therefore starts at its first such piece.

mod scan;

use crate::{CompileError, Position};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Reference,
    RefModifier,
    RefIndex,
    Directive,
    RefMod2,
    Default,
    TextBlock,
    MultiLineComment,
    FormalComment,
    SingleLineComment,
    PreDirective,
}

/// What a token is. The order decides between matches of equal length: the
/// earlier one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    IndexOpen,
    IndexClose,
    LBracket,
    RBracket,
    Comma,
    DoubleDot,
    Colon,
    LeftCurly,
    RightCurly,
    LParen,
    RParen,
    RefMod2RParen,
    EscapeDirective,
    SetDirective,
    Dollar,
    DollarBang,
    TextBlockStart,
    FormalCommentStart,
    MultiLineCommentStart,
    Hash,
    SingleLineCommentStart,
    DoubleEscape,
    Escape,
    Text,
    SingleLineComment,
    FormalComment,
    MultiLineComment,
    TextBlock,
    Skip,
    More,
    Whitespace,
    StringLiteral,
    True,
    False,
    Minus,
    Plus,
    Multiply,
    Divide,
    Modulus,
    And,
    Or,
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
    Not,
    Equals,
    End,
    If,
    ElseIf,
    Else,
    Integer,
    Float,
    Word,
    BracketedWord,
    Identifier,
    Dot,
    LCurly,
    RCurly,
    ReferenceTerminator,
    DirectiveTerminator,
    EmptyIndex,
    Eof,
}

impl Kind {
    /// Whether an argument can start with it; a bare word, which directives
    /// take as well, is not among them.
    pub(crate) fn starts_value(self) -> bool {
        matches!(
            self,
            Self::StringLiteral
                | Self::Integer
                | Self::Float
                | Self::LBracket
                | Self::LeftCurly
                | Self::True
                | Self::False
                | Self::Identifier
                | Self::LCurly
        )
    }
}

/// A token: `source[start..end]` is its image.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Text that stood before the token and belongs to no other: the `$` of a
    /// `$ ` that turned out to be no reference.
    pub(crate) special: Option<Box<str>>,
}

#[derive(Debug, Clone, Copy)]
struct Saved {
    lparen: u32,
    rparen: u32,
    state: State,
}

pub(crate) struct Lexer<'s> {
    pub(crate) source: &'s str,
    at: usize,
    state: State,
    stack: Vec<Saved>,
    lparen: u32,
    rparen: u32,
    in_comment: bool,
    in_set: bool,
    /// The end of the run of backslashes seen last, so that a long run is
    /// counted once.
    escapes_end: usize,
}

impl<'s> Lexer<'s> {
    pub(crate) fn new(source: &'s str) -> Self {
        Self {
            source,
            at: 0,
            state: State::Default,
            stack: Vec::new(),
            lparen: 0,
            rparen: 0,
            in_comment: false,
            in_set: false,
            escapes_end: 0,
        }
    }

    pub(crate) fn image(&self, token: &Token) -> &'s str {
        &self.source[token.start..token.end]
    }

    /// The parser has found out what a `#word` is and says so.
    pub(crate) fn switch_to_directive(&mut self) {
        self.state = State::Directive;
    }

    pub(crate) fn set_is_done(&mut self) {
        self.in_set = false;
    }

    /// Whether a `(` follows, blank space aside.
    pub(crate) fn left_parenthesis_follows(&self) -> bool {
        self.source[self.at..]
            .bytes()
            .find(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
            .is_some_and(|byte| byte == b'(')
    }

    pub(crate) fn pop(&mut self) -> bool {
        match self.stack.pop() {
            Some(saved) => {
                (self.lparen, self.rparen, self.state) = (saved.lparen, saved.rparen, saved.state);
                true
            }
            None => {
                (self.lparen, self.state) = (0, State::Default);
                false
            }
        }
    }

    fn push(&mut self, next: State) {
        self.stack.push(Saved { lparen: self.lparen, rparen: self.rparen, state: self.state });
        self.lparen = 0;
        self.state = next;
    }

    /// The next token; the end of the text is a token too.
    pub(crate) fn next(&mut self) -> Result<Token, CompileError> {
        let mut special = String::new();
        'token: loop {
            let start = self.at;
            if start >= self.source.len() {
                return Ok(self.token(Kind::Eof, start, start, special));
            }
            loop {
                let Some((kind, length)) = self.longest() else {
                    return Err(self.lexical_error());
                };
                let matched = self.at;
                self.at += length;
                match kind {
                    Kind::Skip => continue 'token,
                    Kind::ReferenceTerminator | Kind::DirectiveTerminator => {
                        special_text(&self.source[start..self.at], &mut special);
                        self.at = matched;
                        self.pop();
                        continue 'token;
                    }
                    Kind::Dollar
                    | Kind::DollarBang
                    | Kind::TextBlockStart
                    | Kind::FormalCommentStart
                    | Kind::MultiLineCommentStart
                    | Kind::Hash
                    | Kind::More => {
                        self.begin(kind);
                        if self.at >= self.source.len() {
                            return Err(self.lexical_error());
                        }
                    }
                    _ => return Ok(self.finish(kind, start, matched, special)),
                }
            }
        }
    }

    fn longest(&mut self) -> Option<(Kind, usize)> {
        let rest = &self.source.as_bytes()[self.at..];
        if rest[0] == b'\\' && self.escapes_end <= self.at {
            self.escapes_end = self.at + rest.iter().take_while(|byte| **byte == b'\\').count();
        }
        let escapes = self.escapes_end.saturating_sub(self.at);
        scan::longest(&self.source[self.at..], escapes, self.state)
    }

    fn token(&self, kind: Kind, start: usize, end: usize, special: String) -> Token {
        let special = (!special.is_empty()).then(|| special.into_boxed_str());
        Token { kind, start, end, special }
    }

    fn lexical_error(&self) -> CompileError {
        let met = match self.source[self.at..].chars().next() {
            Some(character) => format!("unexpected {character:?}"),
            None => "unexpected end of the template".to_owned(),
        };
        CompileError { position: Position::of(self.source, self.at), message: met }
    }

    /// What a piece that begins a token does to the state.
    fn begin(&mut self, kind: Kind) {
        if self.in_comment {
            return;
        }
        match kind {
            Kind::Dollar | Kind::DollarBang => {
                if self.state == State::Reference {
                    self.pop();
                }
                self.push(State::Reference);
            }
            Kind::TextBlockStart => {
                self.in_comment = true;
                self.push(State::TextBlock);
            }
            Kind::FormalCommentStart => {
                // The piece was matched with the character after it.
                let last = self.source[..self.at].chars().next_back().map_or(1, char::len_utf8);
                self.at -= last;
                self.in_comment = true;
                self.push(State::FormalComment);
            }
            Kind::MultiLineCommentStart => {
                self.in_comment = true;
                self.push(State::MultiLineComment);
            }
            Kind::Hash => {
                if matches!(self.state, State::Reference | State::RefModifier) {
                    self.pop();
                }
                self.push(State::PreDirective);
            }
            _ => {}
        }
    }

    /// Ends a token that began at `start`, its last piece at `matched`.
    fn finish(&mut self, kind: Kind, mut start: usize, matched: usize, special: String) -> Token {
        let mut end = self.at;
        match kind {
            Kind::IndexOpen => self.push(State::RefIndex),
            Kind::IndexClose | Kind::RCurly | Kind::End | Kind::Else => {
                self.pop();
            }
            Kind::LParen => {
                self.lparen += 1;
                if self.state == State::RefModifier {
                    self.state = State::RefMod2;
                }
            }
            Kind::RParen => self.close_parenthesis(),
            Kind::RefMod2RParen => self.state = State::Reference,
            Kind::SetDirective => {
                self.push(State::Directive);
                self.in_set = true;
                self.lparen += 1;
            }
            Kind::SingleLineCommentStart if !self.in_comment => {
                if self.state == State::Reference {
                    self.pop();
                }
                self.in_comment = true;
                self.push(State::SingleLineComment);
            }
            Kind::SingleLineComment
            | Kind::FormalComment
            | Kind::MultiLineComment
            | Kind::TextBlock => {
                self.in_comment = false;
                self.pop();
            }
            Kind::StringLiteral
                if self.state == State::Directive && !self.in_set && self.lparen == 0 =>
            {
                self.pop();
            }
            Kind::If | Kind::ElseIf => self.state = State::Directive,
            Kind::Integer | Kind::Float => {
                if kind == Kind::Integer && self.source[start..end].ends_with("..") {
                    end -= 2;
                    self.at = end;
                }
                let inside = self.state == State::RefMod2
                    || (self.state == State::RefIndex && kind == Kind::Integer);
                if self.lparen == 0 && !self.in_set && !inside {
                    self.pop();
                }
            }
            Kind::Dot => {
                // Only the dot itself: what stood before it is lost.
                (start, end) = (matched, matched + 1);
                self.at = end;
                self.state = State::RefModifier;
            }
            _ => {}
        }
        self.token(kind, start, end, special)
    }

    fn close_parenthesis(&mut self) {
        if self.in_comment {
            return;
        }
        loop {
            if self.lparen > 0 {
                if self.lparen == self.rparen + 1 {
                    self.pop();
                } else {
                    self.rparen += 1;
                }
                return;
            }
            if !self.pop() {
                return;
            }
        }
    }
}

/// What of a false start is printed: its `$` and `#`, and the backslashes
/// before a `$`.
fn special_text(image: &str, into: &mut String) {
    let characters: Vec<char> = image.chars().collect();
    let mut at = 0;
    while at < characters.len() {
        match characters[at] {
            character @ ('#' | '$') => into.push(character),
            '\\' => {
                let run = characters[at..].iter().take_while(|c| **c == '\\').count();
                if characters.get(at + run) == Some(&'$') {
                    into.extend(&characters[at..=at + run]);
                    at += run + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
}
