//! Holds bodies against compiled schemas.

use hashbrown::HashMap;

use crate::{
    Document, ReadError,
    document::{Kind, Value},
    report::{Report, Verdict},
    schema::{Additional, ArrayRules, ObjectRules, Schema, SchemaId},
    work::{Exhausted, Work},
};

/// Schemas in schemas for one value, times values in values.
const MAX_RECURSION: usize = 400;

/// Results are kept for a second look from this many steps on: what is cheap
/// needs none, and what tries the same again and again becomes cheap.
const REMEMBER_FROM: u64 = 20_000;

/// The compiled schemas of one API.
#[derive(Debug)]
pub struct Schemas {
    pub(crate) nodes: Box<[Schema]>,
    pub(crate) size_bytes: usize,
}

/// What a validation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The body is as the schema wants it.
    Valid,
    /// It is not: AWS's texts of what is wrong.
    Invalid(Vec<String>),
    /// It is no JSON, or JSON beyond the bounds.
    Unreadable(ReadError),
    /// It took more steps than allowed, or a match of a pattern took too long.
    Exhausted,
}

impl Schemas {
    /// Roughly the bytes that they occupy in memory.
    pub fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// Validates a body in at most `steps` steps, each about ten nanoseconds.
    pub fn validate(&self, id: SchemaId, body: &[u8], steps: u64) -> Outcome {
        let document = match Document::read(body) {
            Ok(document) => document,
            Err(error) => return Outcome::Unreadable(error),
        };
        let mut run = Run { nodes: &self.nodes, work: Work::new(steps), memo: None };
        match run.visit(id, document.root(), 0, &mut Verdict) {
            Ok(true) => return Outcome::Valid,
            Ok(false) => {}
            Err(Exhausted) => return Outcome::Exhausted,
        }
        let mut report = Report::default();
        run.work = Work::new(steps);
        match run.visit(id, document.root(), 0, &mut report) {
            Ok(_) => Outcome::Invalid(report.into_messages()),
            Err(Exhausted) => Outcome::Exhausted,
        }
    }
}

pub(crate) struct Run<'s> {
    nodes: &'s [Schema],
    pub(crate) work: Work,
    memo: Option<HashMap<(SchemaId, u32), bool>>,
}

/// What hears of broken keywords.
pub(crate) trait Sink {
    /// The first fault ends the validation.
    const IS_QUICK: bool;
    /// A keyword is broken.
    fn add(&mut self, keyword: &'static str, message: impl FnOnce() -> String);
    /// The keywords of one schema and value come to an end, which began
    /// after so many messages.
    fn settle(&mut self, _from: usize) {}
    /// How many messages there are.
    fn count(&self) -> usize {
        0
    }
}

pub(crate) type Checked = Result<bool, Exhausted>;

impl<'s> Run<'s> {
    /// Whether a value is as a schema wants it. A sink that is not quick hears
    /// of all that is wrong as AWS's validator tells it: values within others
    /// are looked at only while nothing is wrong.
    pub(crate) fn visit<S: Sink>(
        &mut self,
        id: SchemaId,
        value: Value<'_>,
        depth: usize,
        sink: &mut S,
    ) -> Checked {
        self.work.spend(1)?;
        let nodes = self.nodes;
        let mut schema = &nodes[id.0 as usize];
        while let Some(target) = schema.target {
            schema = &nodes[target.0 as usize];
        }
        if depth > MAX_RECURSION {
            return Err(Exhausted);
        }
        let from = sink.count();
        let is_good = self.own(schema, value, depth, sink)?;
        sink.settle(from);
        if !is_good || sink.count() > 0 {
            return Ok(is_good);
        }
        match (value.kind(), schema) {
            (Kind::Array, Schema { array: Some(rules), .. }) => {
                self.items(rules, value, depth, sink)
            }
            (Kind::Object, Schema { object: Some(rules), .. }) => {
                self.members(rules, value, depth, sink)
            }
            _ => Ok(true),
        }
    }

    /// Whether a value is as a schema wants it, remembered where it pays.
    pub(crate) fn test(&mut self, id: SchemaId, value: Value<'_>, depth: usize) -> Checked {
        let key = (id, value.number());
        if let Some(known) = self.memo.as_ref().and_then(|memo| memo.get(&key)) {
            let known = *known;
            self.work.spend(1)?;
            return Ok(known);
        }
        let result = self.visit(id, value, depth + 1, &mut Verdict)?;
        if self.work.spent() > REMEMBER_FROM {
            self.memo.get_or_insert_default().insert(key, result);
        }
        Ok(result)
    }

    fn items<S: Sink>(
        &mut self,
        rules: &'s ArrayRules,
        value: Value<'_>,
        depth: usize,
        sink: &mut S,
    ) -> Checked {
        let places = rules.places.as_deref();
        if rules.items.is_none() && places.is_none() {
            return Ok(true);
        }
        let mut is_good = true;
        for (index, item) in value.items().enumerate() {
            let schema = match (rules.items, places.and_then(|places| places.get(index))) {
                (Some(schema), _) | (None, Some(&schema)) => schema,
                (None, None) => match rules.additional {
                    Additional::Schema(schema) => schema,
                    Additional::Any | Additional::None => break,
                },
            };
            is_good &= self.visit(schema, item, depth + 1, sink)?;
            if S::IS_QUICK && !is_good {
                break;
            }
        }
        Ok(is_good)
    }

    fn members<S: Sink>(
        &mut self,
        rules: &'s ObjectRules,
        value: Value<'_>,
        depth: usize,
        sink: &mut S,
    ) -> Checked {
        if S::IS_QUICK {
            for (name, member) in value.members() {
                if !self.member(rules, name, member, depth, sink)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let mut members: Vec<_> = value.members().collect();
        members.sort_unstable_by_key(|(name, _)| *name);
        let mut is_good = true;
        for (name, member) in members {
            is_good &= self.member(rules, name, member, depth, sink)?;
        }
        Ok(is_good)
    }

    fn member<S: Sink>(
        &mut self,
        rules: &'s ObjectRules,
        name: &str,
        member: Value<'_>,
        depth: usize,
        sink: &mut S,
    ) -> Checked {
        let own = rules.properties.get(name);
        let mut is_known = own.is_some();
        let mut is_good = match own {
            Some(schema) => self.visit(*schema, member, depth + 1, sink)?,
            None => true,
        };
        for (pattern, schema) in &rules.patterns {
            if S::IS_QUICK && !is_good {
                return Ok(false);
            }
            if pattern.is_match(name, &mut self.work)? {
                is_known = true;
                is_good &= self.visit(*schema, member, depth + 1, sink)?;
            }
        }
        match rules.additional {
            Additional::Schema(schema) if !is_known => self.visit(schema, member, depth + 1, sink),
            // Names were counted with the object's own keywords.
            _ => Ok(is_good),
        }
    }

    /// Whether a member is named by `properties` or `patternProperties`.
    pub(crate) fn is_named(&mut self, rules: &ObjectRules, name: &str) -> Checked {
        if rules.properties.contains_key(name) {
            return Ok(true);
        }
        for (pattern, _) in &rules.patterns {
            if pattern.is_match(name, &mut self.work)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
