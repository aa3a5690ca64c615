//! The keywords that look at an object: how many members, which, and which
//! with which. What a member's value has to be is looked at after them.

use crate::{
    document::Value,
    print,
    report::shown,
    schema::{Additional, Dependency, ObjectRules},
    validate::{Checked, Run, Sink},
};

impl<'s> Run<'s> {
    pub(super) fn object<S: Sink>(
        &mut self,
        rules: &'s ObjectRules,
        value: Value<'_>,
        depth: usize,
        sink: &mut S,
    ) -> Checked {
        let mut is_good = self.counts(rules, value, sink)?;
        if S::IS_QUICK && !is_good {
            return Ok(false);
        }
        if let Additional::None = rules.additional {
            let mut unknown = Vec::new();
            for (name, _) in value.members() {
                if !self.is_named(rules, name)? {
                    if S::IS_QUICK {
                        return Ok(false);
                    }
                    unknown.push(shown(name));
                }
            }
            unknown.sort();
            if !unknown.is_empty() {
                broken!(
                    sink,
                    is_good,
                    "additionalProperties",
                    "object instance has properties which are not allowed by the schema: {}",
                    print::list(&unknown)
                );
            }
        }
        let mut missing = Vec::new();
        for name in &rules.required {
            self.work.spend(value.len() / 4)?;
            if value.get(name).is_none() {
                missing.push(name);
                if S::IS_QUICK {
                    return Ok(false);
                }
            }
        }
        if !missing.is_empty() {
            let missing = print::list(missing);
            broken!(
                sink,
                is_good,
                "required",
                "object has missing required properties ({missing})"
            );
        }
        for (name, dependency) in &rules.dependencies {
            self.work.spend(value.len() / 4)?;
            if value.get(name).is_none() {
                continue;
            }
            is_good &= match dependency {
                Dependency::Schema(schema) => self.visit(*schema, value, depth + 1, sink)?,
                Dependency::Names(names) => self.names(name, names, value, sink)?,
            };
            if S::IS_QUICK && !is_good {
                return Ok(false);
            }
        }
        Ok(is_good)
    }

    fn counts<S: Sink>(&mut self, rules: &ObjectRules, value: Value<'_>, sink: &mut S) -> Checked {
        let mut is_good = true;
        let count = value.len() as u64;
        if let Some(min) = rules.min.filter(|min| count < *min) {
            broken!(
                sink,
                is_good,
                "minProperties",
                "object has too few properties (found {count} but schema requires at least {min})"
            );
        }
        if let Some(max) = rules.max.filter(|max| count > *max) {
            broken!(
                sink,
                is_good,
                "maxProperties",
                "object has too many properties (found {count} but schema requires at most {max})"
            );
        }
        Ok(is_good)
    }

    /// Members that another one's presence asks for.
    fn names<S: Sink>(
        &mut self,
        name: &str,
        names: &[Box<str>],
        value: Value<'_>,
        sink: &mut S,
    ) -> Checked {
        let mut is_good = true;
        self.work.spend(names.len() * value.len() / 4)?;
        let missing: Vec<&Box<str>> = names.iter().filter(|n| value.get(n).is_none()).collect();
        if !missing.is_empty() {
            broken!(
                sink,
                is_good,
                "dependencies",
                "property \"{name}\" of object has missing property dependencies (schema requires \
                 {}; missing: {})",
                print::list(names),
                print::list(missing)
            );
        }
        Ok(is_good)
    }
}
