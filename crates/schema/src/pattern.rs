//! `pattern` and `patternProperties`: regular expressions of ECMA 262.

use std::{
    fmt,
    panic::{RefUnwindSafe, UnwindSafe},
};

use regex_automata::{
    Input,
    hybrid::dfa::{Cache, DFA},
    nfa::thompson::{NFA, WhichCaptures, pikevm::PikeVM},
    util::{pool::Pool, syntax},
};

use crate::{
    ecma::{self, Translated},
    work::{Exhausted, Work},
};

/// Steps back that one match of an expression with look-arounds or references
/// may take.
const MAX_BACKTRACKS: usize = 50_000;

/// What such a match costs at least.
const BACKTRACKING_STEPS: usize = 2_000;

/// Bytes of a compiled expression.
pub(crate) const MAX_BYTES: usize = 4 << 20;

/// Bytes in which an automaton is kept that matches have built.
const CACHE_BYTES: usize = 256 << 10;

/// A compiled expression.
pub(crate) struct Pattern {
    /// As it was written, for messages.
    pub(crate) text: Box<str>,
    engine: Engine,
}

enum Engine {
    /// Takes time in proportion to the text.
    Linear(Box<Linear>),
    /// For what the other cannot: look-arounds and references.
    Backtracking(Box<fancy_regex::Regex>),
}

/// An automaton that matches build as they go, and give up where a text makes
/// them build it again and again; then all its states are followed at once,
/// which takes long, but no longer than is known before.
struct Linear {
    automaton: DFA,
    fallback: PikeVM,
    caches: Pool<Cache, CacheFn>,
}

type CacheFn = Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// Why there is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    /// No expression of ECMA 262.
    #[error("{0}")]
    Syntax(String),
    /// Beyond the bounds here.
    #[error("{0}")]
    Refused(String),
}

impl Pattern {
    pub(crate) fn compile(text: &str) -> Result<Self, PatternError> {
        let Translated { text: translated, needs_backtracking } =
            ecma::translate(text).map_err(|reason| PatternError::Syntax(reason.to_owned()))?;
        let engine = if needs_backtracking {
            let regex = fancy_regex::RegexBuilder::new(&translated)
                .backtrack_limit(MAX_BACKTRACKS)
                .delegate_size_limit(CACHE_BYTES)
                .delegate_dfa_size_limit(CACHE_BYTES)
                .build()
                .map_err(|error| PatternError::Refused(error.to_string()))?;
            Engine::Backtracking(Box::new(regex))
        } else {
            Engine::Linear(Box::new(Linear::compile(&translated)?))
        };
        Ok(Self { text: text.into(), engine })
    }

    /// Whether it matches somewhere in a text.
    pub(crate) fn is_match(&self, text: &str, work: &mut Work) -> Result<bool, Exhausted> {
        match &self.engine {
            Engine::Linear(linear) => linear.is_match(text, work),
            Engine::Backtracking(regex) => {
                // A look-around may go through the text once from each place.
                work.spend(BACKTRACKING_STEPS + text.len().saturating_mul(text.len()) / 64)?;
                regex.is_match(text).map_err(|_| Exhausted)
            }
        }
    }

    /// Roughly the bytes it occupies.
    pub(crate) fn size_bytes(&self) -> usize {
        let engine = match &self.engine {
            Engine::Linear(linear) => linear.automaton.get_nfa().memory_usage() + (8 << 10),
            Engine::Backtracking(_) => CACHE_BYTES / 4,
        };
        self.text.len() + engine
    }
}

impl Linear {
    fn compile(translated: &str) -> Result<Self, PatternError> {
        let syntax = syntax::Config::new().nest_limit(200);
        let nfa = NFA::compiler()
            .syntax(syntax)
            .configure(
                NFA::config().nfa_size_limit(Some(MAX_BYTES)).which_captures(WhichCaptures::None),
            )
            .build(translated)
            .map_err(|error| match error.size_limit() {
                Some(limit) => {
                    PatternError::Refused(format!("compiles to more than {limit} bytes"))
                }
                None => PatternError::Refused(reason(&error)),
            })?;
        let refused = |error: &dyn fmt::Display| PatternError::Refused(error.to_string());
        let config = DFA::config()
            .cache_capacity(CACHE_BYTES)
            .skip_cache_capacity_check(true)
            .minimum_cache_clear_count(Some(3))
            .minimum_bytes_per_state(Some(10));
        let automaton = DFA::builder()
            .configure(config)
            .build_from_nfa(nfa.clone())
            .map_err(|error| refused(&error))?;
        let fallback = PikeVM::new_from_nfa(nfa).map_err(|error| refused(&error))?;
        let builder = automaton.clone();
        let caches: CacheFn = Box::new(move || builder.create_cache());
        Ok(Self { automaton, fallback, caches: Pool::new(caches) })
    }

    fn is_match(&self, text: &str, work: &mut Work) -> Result<bool, Exhausted> {
        work.spend(2 + text.len() / 16)?;
        let input = Input::new(text).earliest(true);
        let found = self.automaton.try_search_fwd(&mut self.caches.get(), &input);
        if let Ok(found) = found {
            return Ok(found.is_some());
        }
        let states = self.automaton.get_nfa().states().len();
        work.spend(text.len().saturating_mul(states) / 4)?;
        let mut cache = self.fallback.create_cache();
        Ok(self.fallback.is_match(&mut cache, input))
    }
}

/// The last line of what may be a drawing of the place at fault.
fn reason(error: &dyn std::error::Error) -> String {
    let text = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    text.lines().last().unwrap_or_default().to_owned()
}
