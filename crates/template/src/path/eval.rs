//! Walking a document along a path.

use std::{rc::Rc, sync::Arc};

use super::{JsonPath, PathError, Token, function, predicate};
use crate::value::{Entries, Key, List, Origin, Value};

/// Values one reading may look at.
const MAX_WORK: usize = 2_000_000;

/// Documents that templates have changed may be deeper than JSON is.
const MAX_DEPTH: usize = 150;

/// Why a walk ended early.
pub(super) enum Miss {
    /// Nothing is there: Jayway's `PathNotFoundException`.
    NotFound,
    Error(PathError),
}

pub(super) type Walked = Result<(), Miss>;

/// One reading: where results go and what it has cost.
pub(super) struct Walk<'w> {
    pub(super) root: &'w Value,
    pub(super) found: Vec<Value>,
    pub(super) work: &'w mut usize,
    /// Exists-checks in filters: a missing property is a failure.
    pub(super) strict: bool,
}

/// Reads `path` at `item` in the document `root`.
pub(super) fn read(
    path: &JsonPath,
    root: &Value,
    item: &Value,
    work: &mut usize,
) -> Result<Option<Value>, PathError> {
    match find(path, root, item, work, false) {
        Ok(value) => Ok(Some(value)),
        Err(Miss::NotFound) => Ok(None),
        Err(Miss::Error(error)) => Err(error),
    }
}

/// As [`read`], with what is not there as a miss.
pub(super) fn find(
    path: &JsonPath,
    root: &Value,
    item: &Value,
    work: &mut usize,
    strict: bool,
) -> Result<Value, Miss> {
    let start = if path.from_root { root } else { item };
    if path.tokens.is_empty() {
        return Ok(start.clone());
    }
    let mut walk = Walk { root, found: Vec::new(), work, strict };
    walk.tokens(&Tokens::new(&path.tokens), 0, start, 0)?;
    if !path.is_definite() {
        return Ok(Value::list(walk.found, Origin::Data));
    }
    walk.found.pop().ok_or(Miss::NotFound)
}

impl Walk<'_> {
    pub(super) fn worked(&mut self) -> Walked {
        *self.work += 1;
        if *self.work > MAX_WORK { Err(Miss::Error(PathError::TooMuch)) } else { Ok(()) }
    }

    /// Applies the tokens from number `at` to `model`.
    fn tokens(&mut self, path: &Tokens<'_>, at: usize, model: &Value, depth: usize) -> Walked {
        self.worked()?;
        let Some(token) = path.tokens.get(at) else {
            self.found.push(model.clone());
            return Ok(());
        };
        match token {
            Token::Properties(names) => self.properties(path, at, names, model, depth),
            Token::Indexes(indexes) => {
                let list = array(model)?;
                self.indexes(indexes.iter().copied(), path, at, list, depth)
            }
            Token::FromEnd(offset) => {
                let list = array(model)?;
                let index = length_of(list) + offset;
                self.indexes(std::iter::once(index), path, at, list, depth)
            }
            Token::Slice { from, to } => {
                let list = array(model)?;
                let (start, end) = slice(*from, *to, length_of(list));
                if start < 0 && start < end {
                    return Err(Miss::NotFound);
                }
                self.indexes(start..end, path, at, list, depth)
            }
            Token::Wildcard => self.wildcard(path, at, model, depth),
            Token::Scan => self.scan(path, at + 1, model, depth),
            Token::Filter(filter) => match model {
                Value::Map(_) => {
                    if predicate::accepts(self, filter, model)? {
                        self.tokens(path, at + 1, model, depth + 1)?;
                    }
                    Ok(())
                }
                Value::List(list) => {
                    for item in items(list) {
                        self.worked()?;
                        if predicate::accepts(self, filter, &item)? {
                            self.tokens(path, at + 1, &item, depth + 1)?;
                        }
                    }
                    Ok(())
                }
                _ => Err(misuse("a filter can only be applied to arrays and objects")),
            },
            Token::Function { name, arguments } => {
                let result = function::invoke(self, *name, arguments, model)?;
                self.tokens(path, at + 1, &result, depth + 1)
            }
        }
    }

    fn properties(
        &mut self,
        path: &Tokens<'_>,
        at: usize,
        names: &[Arc<str>],
        model: &Value,
        depth: usize,
    ) -> Walked {
        let Value::Map(map) = model else { return Err(Miss::NotFound) };
        let [name] = names else {
            if at + 1 < path.tokens.len() {
                return Err(misuse("several properties can only stand at the end of a path"));
            }
            let mut merged = Entries::default();
            for name in names {
                match map.get(name) {
                    Some(value) => {
                        merged.insert(Key::Text(name.clone()), value);
                    }
                    None if self.strict => return Err(Miss::NotFound),
                    None => {}
                }
            }
            self.found.push(Value::map(merged, Origin::Data));
            return Ok(());
        };
        match map.get(name) {
            Some(value) => self.tokens(path, at + 1, &value, depth + 1),
            // Inside an indefinite path a missing step is skipped, a missing
            // last name is not.
            None if at + 1 < path.tokens.len() && !path.upstream(at) && !self.strict => Ok(()),
            None => Err(Miss::NotFound),
        }
    }

    /// Negative indexes count from the end.
    fn indexes(
        &mut self,
        indexes: impl Iterator<Item = i64>,
        path: &Tokens<'_>,
        at: usize,
        list: &Rc<List>,
        depth: usize,
    ) -> Walked {
        for index in indexes {
            self.worked()?;
            let from_start = if index < 0 { length_of(list) + index } else { index };
            let item = usize::try_from(from_start)
                .ok()
                .and_then(|place| list.items.borrow().get(place).cloned());
            let Some(item) = item else { return Err(Miss::NotFound) };
            self.tokens(path, at + 1, &item, depth + 1)?;
        }
        Ok(())
    }

    fn wildcard(&mut self, path: &Tokens<'_>, at: usize, model: &Value, depth: usize) -> Walked {
        let array = matches!(model, Value::List(_));
        for item in children(model) {
            match self.tokens(path, at + 1, &item, depth + 1) {
                // Elements without the rest of the path are skipped; objects
                // are asked for all of theirs.
                Err(Miss::NotFound) if array && !self.strict => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// `..`: token `at` at every place below, this one included.
    fn scan(&mut self, path: &Tokens<'_>, at: usize, model: &Value, depth: usize) -> Walked {
        if depth > MAX_DEPTH {
            return Err(Miss::Error(PathError::TooMuch));
        }
        self.worked()?;
        let Some(token) = path.tokens.get(at) else { return Ok(()) };
        if !matches!(model, Value::Map(_) | Value::List(_)) {
            return Ok(());
        }
        let matches = match (token, model) {
            (Token::Properties(names), Value::Map(map)) => {
                names.iter().all(|name| map.get(name).is_some())
            }
            (Token::Indexes(_) | Token::Slice { .. } | Token::FromEnd(_), Value::List(_))
            | (Token::Wildcard, _) => true,
            (Token::Filter(filter), _) => predicate::accepts(self, filter, model)?,
            _ => false,
        };
        if matches {
            if matches!(model, Value::List(_)) && at + 1 < path.tokens.len() {
                // As Jayway: what follows applies to every element.
                for item in children(model) {
                    self.tokens(path, at + 1, &item, depth + 1)?;
                }
            } else {
                self.tokens(path, at, model, depth + 1)?;
            }
        }
        for item in children(model) {
            self.scan(path, at, &item, depth + 1)?;
        }
        Ok(())
    }
}

/// A path's tokens, with what of them is definite.
struct Tokens<'p> {
    tokens: &'p [Token],
    /// The first token from which on all are definite.
    definite_from: usize,
}

impl<'p> Tokens<'p> {
    fn new(tokens: &'p [Token]) -> Self {
        let indefinite = tokens.iter().rposition(|token| !token.is_definite());
        Self { tokens, definite_from: indefinite.map_or(0, |at| at + 1) }
    }

    /// Whether the token before number `at`, and all after that, are definite:
    /// what Jayway takes for "definite so far".
    fn upstream(&self, at: usize) -> bool {
        at.saturating_sub(1) >= self.definite_from
    }
}

fn misuse(message: &str) -> Miss {
    Miss::Error(PathError::Function(message.to_owned()))
}

/// An array; null is nothing, all else is a wrong path.
fn array(model: &Value) -> Result<&Rc<List>, Miss> {
    match model {
        Value::List(list) => Ok(list),
        Value::Null => Err(Miss::NotFound),
        _ => Err(misuse("an index can only be applied to arrays")),
    }
}

fn length_of(list: &List) -> i64 {
    i64::try_from(list.items.borrow().len()).unwrap_or(i64::MAX)
}

fn slice(from: Option<i64>, to: Option<i64>, length: i64) -> (i64, i64) {
    match (from, to) {
        (Some(from), None) => {
            let from = if from < 0 { from + length } else { from };
            (from.max(0), length)
        }
        (None, Some(to)) => {
            let to = if to < 0 { to + length } else { to };
            (0, to.min(length))
        }
        // With both ends given, negative ones are not counted from the end.
        (Some(from), Some(to)) => (from, to.min(length)),
        (None, None) => (0, length),
    }
}

pub(super) fn items(list: &List) -> Vec<Value> {
    list.items.borrow().clone()
}

fn children(model: &Value) -> Vec<Value> {
    match model {
        Value::Map(map) => map.entries.borrow().values().cloned().collect(),
        Value::List(list) => items(list),
        _ => Vec::new(),
    }
}
