//! Selection patterns: Java's regular expressions that must match the whole
//! text, on engines that cannot be made to hang.

use regex::{Regex, RegexBuilder};

use crate::Limits;

/// Steps that a pattern with lookaround or back references may take.
const MAX_BACKTRACKS: usize = 100_000;

/// The longest text, in bytes, that such a pattern is tried on.
const MAX_BACKTRACKED_TEXT: usize = 64 << 10;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    /// As declared.
    pub(super) text: Box<str>,
    engine: Engine,
}

#[derive(Debug)]
enum Engine {
    /// Matches itself, as most patterns of statuses.
    Literal,
    /// All else that needs no backtracking.
    Linear(Regex),
    /// Lookaround and back references.
    Backtracking(Box<fancy_regex::Regex>),
    Refused,
}

/// A text that could not be compared with a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Undecided;

impl Pattern {
    /// Compiles; `fault` gets why that is impossible.
    pub(super) fn compile(text: &str, limits: &Limits, fault: &mut dyn FnMut(String)) -> Self {
        let engine = engine(text, limits).unwrap_or_else(|reason| {
            fault(format!("selection pattern {text:?} cannot be compiled: {reason}"));
            Engine::Refused
        });
        Self { text: text.into(), engine }
    }

    /// Whether it matches a whole text.
    pub(super) fn matches(&self, text: &str) -> Result<bool, Undecided> {
        match &self.engine {
            Engine::Literal => Ok(*self.text == *text),
            Engine::Linear(regex) => Ok(regex.is_match(text)),
            Engine::Backtracking(regex) if text.len() <= MAX_BACKTRACKED_TEXT => {
                regex.is_match(text).map_err(|_| Undecided)
            }
            Engine::Backtracking(_) | Engine::Refused => Err(Undecided),
        }
    }

    /// Bytes on the heap, roughly.
    pub(super) fn size_bytes(&self) -> usize {
        let engine = match &self.engine {
            Engine::Literal | Engine::Refused => 0,
            // A compiled pattern takes a few kilobytes.
            Engine::Linear(_) => 4096,
            Engine::Backtracking(_) => 8192,
        };
        self.text.len() + engine
    }
}

fn engine(text: &str, limits: &Limits) -> Result<Engine, String> {
    if text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ' || b == b'_') {
        return Ok(Engine::Literal);
    }
    let translated = gw_template::translate_pattern(text);
    well_formed(&translated, limits)?;
    let whole = format!("\\A(?:{translated})\\z");
    let linear = RegexBuilder::new(&whole)
        .size_limit(limits.max_regex_bytes)
        .dfa_size_limit(limits.max_regex_bytes)
        .nest_limit(50)
        .crlf(true)
        .build();
    match linear {
        Ok(regex) => return Ok(Engine::Linear(regex)),
        Err(regex::Error::CompiledTooBig(limit)) => {
            return Err(format!("it takes more than {limit} bytes"));
        }
        Err(_) => {}
    }
    let backtracking = fancy_regex::RegexBuilder::new(&whole)
        .backtrack_limit(MAX_BACKTRACKS)
        .delegate_size_limit(limits.max_regex_bytes)
        .delegate_dfa_size_limit(limits.max_regex_bytes)
        .build();
    match backtracking {
        Ok(regex) => Ok(Engine::Backtracking(Box::new(regex))),
        Err(error) => Err(error.to_string().lines().last().unwrap_or_default().to_owned()),
    }
}

/// Whether a pattern is one by itself: `a)|(?:b` is not, and yet it would be
/// with our group around it. Faults are told by their place in the pattern.
fn well_formed(pattern: &str, limits: &Limits) -> Result<(), String> {
    let Err(error) = fancy_regex::Expr::parse_tree(pattern) else { return Ok(()) };
    // What only one of the engines knows is a pattern, too.
    let linear =
        RegexBuilder::new(pattern).size_limit(limits.max_regex_bytes).nest_limit(50).build();
    match linear {
        Ok(_) | Err(regex::Error::CompiledTooBig(_)) => Ok(()),
        Err(_) => Err(error.to_string().lines().last().unwrap_or_default().to_owned()),
    }
}
