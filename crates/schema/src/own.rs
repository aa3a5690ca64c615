//! The keywords of a schema that look at a value itself, with AWS's texts.

use crate::{
    document::{Kind, Value},
    number::Decimal,
    print,
    report::{MAX_SHOWN, shown},
    same::{has_duplicates, same},
    schema::{
        Additional, ArrayRules, Bound, Choice, Enum, NumberRules, Schema, StringRules, kinds,
    },
    validate::{Checked, Run, Sink},
};

/// Tells of a broken keyword, and ends a quick validation.
macro_rules! broken {
    ($sink:ident, $is_good:ident, $keyword:literal, $($message:tt)+) => {{
        $sink.add($keyword, || format!($($message)+));
        $is_good = false;
        if S::IS_QUICK {
            return Ok(false);
        }
    }};
}

mod object;

impl<'s> Run<'s> {
    pub(crate) fn own<S: Sink>(
        &mut self,
        schema: &'s Schema,
        value: Value<'_>,
        depth: usize,
        sink: &mut S,
    ) -> Checked {
        let kind = value.kind();
        let mut is_good = true;
        if schema.types != 0 && schema.types & kind.bit() == 0 {
            let allowed = || print::list(kinds(schema.types));
            broken!(
                sink,
                is_good,
                "type",
                "instance type ({}) does not match any allowed primitive type (allowed: {})",
                kind.name(),
                allowed()
            );
        }
        if let Some(choice) = &schema.choice {
            is_good &= self.choice(choice, value, depth, sink)?;
            if S::IS_QUICK && !is_good {
                return Ok(false);
            }
        }
        let of_kind = match kind {
            Kind::Integer | Kind::Number => match &schema.number {
                Some(rules) => self.number(rules, value, sink)?,
                None => true,
            },
            Kind::String => match &schema.string {
                Some(rules) => self.string(rules, value, sink)?,
                None => true,
            },
            Kind::Array => match &schema.array {
                Some(rules) => self.array(rules, value, sink)?,
                None => true,
            },
            Kind::Object => match &schema.object {
                Some(rules) => self.object(rules, value, depth, sink)?,
                None => true,
            },
            Kind::Boolean | Kind::Null => true,
        };
        Ok(is_good && of_kind)
    }

    fn choice<S: Sink>(
        &mut self,
        choice: &'s Choice,
        value: Value<'_>,
        depth: usize,
        sink: &mut S,
    ) -> Checked {
        let mut is_good = true;
        if let Some(values) = &choice.values
            && !self.is_among(values, value)?
        {
            let of = |value| {
                let mut text = String::new();
                print::print(value, MAX_SHOWN, &mut text);
                shown(&text)
            };
            broken!(
                sink,
                is_good,
                "enum",
                "instance value ({}) not found in enum (possible values: {})",
                of(value),
                of(values.all.root())
            );
        }
        let mut matched = 0;
        for schema in &choice.all_of {
            matched += usize::from(self.test(*schema, value, depth)?);
        }
        if matched < choice.all_of.len() {
            broken!(
                sink,
                is_good,
                "allOf",
                "instance failed to match all required schemas (matched only {matched} out of {})",
                choice.all_of.len()
            );
        }
        if !choice.any_of.is_empty() {
            let mut found = false;
            for schema in &choice.any_of {
                found = found || self.test(*schema, value, depth)?;
            }
            if !found {
                let count = choice.any_of.len();
                broken!(
                    sink,
                    is_good,
                    "anyOf",
                    "instance failed to match at least one required schema among {count}"
                );
            }
        }
        let mut matched = 0;
        for schema in &choice.one_of {
            matched += usize::from(self.test(*schema, value, depth)?);
        }
        if matched != 1 && !choice.one_of.is_empty() {
            broken!(
                sink,
                is_good,
                "oneOf",
                "instance failed to match exactly one schema (matched {matched} out of {})",
                choice.one_of.len()
            );
        }
        if let Some(schema) = choice.not
            && self.test(schema, value, depth)?
        {
            broken!(sink, is_good, "not", "instance matched a schema which it should not have");
        }
        Ok(is_good)
    }

    fn is_among(&mut self, values: &Enum, value: Value<'_>) -> Checked {
        if let Some(text) = value.as_str() {
            self.work.text(text.len())?;
            return Ok(values.strings.contains(text));
        }
        for candidate in values.all.root().items() {
            if same(candidate, value, &mut self.work)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn number<S: Sink>(&mut self, rules: &NumberRules, value: Value<'_>, sink: &mut S) -> Checked {
        let mut is_good = true;
        let text = value.as_number().unwrap_or_default();
        let number = Decimal::of(text);
        self.work.spend(text.len())?;
        if let Some(Bound { text: bound, is_exclusive }) = &rules.minimum {
            let order = number.compare(&Decimal::of(bound));
            if order.is_lt() {
                broken!(
                    sink,
                    is_good,
                    "minimum",
                    "numeric instance is lower than the required minimum (minimum: {bound}, \
                     found: {})",
                    shown(text)
                );
            } else if *is_exclusive && order.is_eq() {
                broken!(
                    sink,
                    is_good,
                    "minimum",
                    "numeric instance is not strictly greater than the required minimum {bound}"
                );
            }
        }
        if let Some(Bound { text: bound, is_exclusive }) = &rules.maximum {
            let order = number.compare(&Decimal::of(bound));
            if order.is_gt() {
                broken!(
                    sink,
                    is_good,
                    "maximum",
                    "numeric instance is greater than the required maximum (maximum: {bound}, \
                     found: {})",
                    shown(text)
                );
            } else if *is_exclusive && order.is_eq() {
                broken!(
                    sink,
                    is_good,
                    "maximum",
                    "numeric instance is not strictly lower than the required maximum {bound}"
                );
            }
        }
        if let Some((divisor_text, divisor)) = &rules.multiple_of
            && !divisor.divides(&number)
        {
            broken!(
                sink,
                is_good,
                "multipleOf",
                "remainder of division is not zero ({} / {divisor_text})",
                shown(text)
            );
        }
        Ok(is_good)
    }

    fn string<S: Sink>(&mut self, rules: &StringRules, value: Value<'_>, sink: &mut S) -> Checked {
        let mut is_good = true;
        let text = value.as_str().unwrap_or_default();
        self.work.text(text.len())?;
        if rules.min_length.is_some() || rules.max_length.is_some() {
            let length = text.chars().count() as u64;
            if let Some(min) = rules.min_length.filter(|min| length < *min) {
                broken!(
                    sink,
                    is_good,
                    "minLength",
                    "string \"{}\" is too short (length: {length}, required minimum: {min})",
                    shown(text)
                );
            }
            if let Some(max) = rules.max_length.filter(|max| length > *max) {
                broken!(
                    sink,
                    is_good,
                    "maxLength",
                    "string \"{}\" is too long (length: {length}, maximum allowed: {max})",
                    shown(text)
                );
            }
        }
        if let Some(pattern) = &rules.pattern
            && !pattern.is_match(text, &mut self.work)?
        {
            broken!(
                sink,
                is_good,
                "pattern",
                "ECMA 262 regex \"{}\" does not match input string \"{}\"",
                pattern.text,
                shown(text)
            );
        }
        if let Some(format) = rules.format
            && !format.is_match(text)
        {
            broken!(sink, is_good, "format", "{}", format.message(&shown(text)));
        }
        Ok(is_good)
    }

    fn array<S: Sink>(&mut self, rules: &ArrayRules, value: Value<'_>, sink: &mut S) -> Checked {
        let mut is_good = true;
        let length = value.len() as u64;
        if let (Additional::None, Some(places)) = (rules.additional, &rules.places)
            && length > places.len() as u64
        {
            broken!(
                sink,
                is_good,
                "additionalItems",
                "schema only allows {} elements in array but instance has {length} elements",
                places.len()
            );
        }
        if let Some(min) = rules.min.filter(|min| length < *min) {
            broken!(
                sink,
                is_good,
                "minItems",
                "array is too short: must have at least {min} elements but instance has {length} \
                 elements"
            );
        }
        if let Some(max) = rules.max.filter(|max| length > *max) {
            broken!(
                sink,
                is_good,
                "maxItems",
                "array is too long: must have at most {max} elements but instance has {length} \
                 elements"
            );
        }
        if rules.is_unique && length > 1 && has_duplicates(value, &mut self.work)? {
            broken!(sink, is_good, "uniqueItems", "array must not contain duplicate elements");
        }
        Ok(is_good)
    }
}
