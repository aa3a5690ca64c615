//! `pattern` and `patternProperties`: regular expressions of ECMA 262.

use crate::{
    ecma::{self, Translated},
    work::{Exhausted, Work},
};

/// Steps back that one match of an expression with look-arounds or references
/// may take.
const MAX_BACKTRACKS: usize = 50_000;

/// What such a match costs at least.
const BACKTRACKING_STEPS: usize = 2_000;

/// Sizes of compiled expressions, in bytes, and how much slower than the
/// smallest they may be.
const WEIGHTS: [(usize, usize); 3] = [(16 << 10, 1), (64 << 10, 4), (256 << 10, 16)];

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// As it was written, for messages.
    pub(crate) text: Box<str>,
    engine: Engine,
}

#[derive(Debug)]
enum Engine {
    /// Takes time in proportion to the text.
    Linear { regex: regex::Regex, weight: usize },
    /// For what the other cannot: look-arounds and references.
    Backtracking(Box<fancy_regex::Regex>),
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
                .delegate_size_limit(WEIGHTS[1].0)
                .delegate_dfa_size_limit(WEIGHTS[1].0)
                .build()
                .map_err(|error| PatternError::Refused(error.to_string()))?;
            Engine::Backtracking(Box::new(regex))
        } else {
            linear(&translated)?
        };
        Ok(Self { text: text.into(), engine })
    }

    /// Whether it matches somewhere in a text.
    pub(crate) fn is_match(&self, text: &str, work: &mut Work) -> Result<bool, Exhausted> {
        match &self.engine {
            Engine::Linear { regex, weight } => {
                work.spend(2 + text.len() * weight / 16)?;
                Ok(regex.is_match(text))
            }
            Engine::Backtracking(regex) => {
                work.spend(BACKTRACKING_STEPS + text.len())?;
                regex.is_match(text).map_err(|_| Exhausted)
            }
        }
    }

    /// Roughly the bytes it occupies.
    pub(crate) fn size_bytes(&self) -> usize {
        let engine = match &self.engine {
            Engine::Linear { weight, .. } => weight * (16 << 10),
            Engine::Backtracking(_) => 16 << 10,
        };
        self.text.len() + engine / 4
    }
}

fn linear(translated: &str) -> Result<Engine, PatternError> {
    for (limit, weight) in WEIGHTS {
        let mut builder = regex::RegexBuilder::new(translated);
        // The cache is that of the lazy automaton, per thread that matches.
        builder.size_limit(limit).dfa_size_limit(limit.max(64 << 10)).nest_limit(100);
        match builder.build() {
            Ok(regex) => return Ok(Engine::Linear { regex, weight }),
            Err(regex::Error::CompiledTooBig(_)) => {}
            Err(error) => {
                let reason = error.to_string();
                let last = reason.lines().last().unwrap_or_default();
                return Err(PatternError::Refused(last.to_owned()));
            }
        }
    }
    Err(PatternError::Refused(format!("compiles to more than {} bytes", WEIGHTS[2].0)))
}
