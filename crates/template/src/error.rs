//! What can be wrong with a template, and where.

/// A place in a template, counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Line, counted from one; `\n`, `\r` and `\r\n` end a line.
    pub line: u32,
    /// Column in characters, counted from one.
    pub column: u32,
}

impl std::fmt::Display for Position {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "line {}, column {}", self.line, self.column)
    }
}

impl Position {
    /// The place of byte `offset` in `text`.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let (mut line, mut column, mut before) = (1, 1, '\0');
        for (at, character) in text.char_indices() {
            if at >= offset {
                break;
            }
            match character {
                '\n' if before == '\r' => {}
                '\n' | '\r' => (line, column) = (line + 1, 1),
                _ => column += 1,
            }
            before = character;
        }
        Self { line, column }
    }
}

/// Why a template does not compile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {message}")]
pub struct CompileError {
    /// Where the compiler gave up.
    pub position: Position,
    /// What it met and what it wanted.
    pub message: String,
}

/// Why a rendering stopped without a result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {fault}")]
pub struct RenderError {
    /// The directive or reference that failed; 1:1 where no place is known.
    pub position: Position,
    /// What happened.
    pub fault: Fault,
}

/// The kinds of run-time failures.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// More work than [`Limits::steps`](crate::Limits::steps) allows.
    #[error("the template takes more than {0} steps")]
    Steps(u64),
    /// More output, or one value larger, than allowed.
    #[error("the template makes more than {0} bytes")]
    Size(usize),
    /// Nested deeper than allowed: blocks, macros, values.
    #[error("the template nests deeper than {0}")]
    Depth(usize),
    /// A loop ran longer than allowed.
    #[error("a #foreach runs more than {0} times")]
    Loop(usize),
    /// A method or an index threw, as it would in Java.
    #[error("{0}")]
    Thrown(String),
    /// The text given to `#evaluate` does not compile.
    #[error("#evaluate: {0}")]
    Evaluate(CompileError),
    /// The body is not the JSON that `$input` needs.
    #[error("Could not parse request body into json: {0}")]
    Json(String),
    /// A JSONPath expression that does not parse, or fails as in Jayway.
    #[error("{0}")]
    Path(String),
}
