//! The keywords of one schema -> its compiled form.

use crate::{
    Document,
    check::count,
    compile::{Compiler, Origin},
    document::{Kind, Value},
    format::Format,
    number::Divisor,
    print,
    read::MAX_DEPTH,
    schema::{
        Additional, ArrayRules, Bound, Choice, Dependency, Enum, NumberRules, ObjectRules, Schema,
        SchemaId, StringRules,
    },
};

impl Compiler<'_> {
    /// Compiles a schema that was checked and is no reference.
    pub(crate) fn keywords(&mut self, origin: Origin, schema: Value<'_>) -> Schema {
        let has = |names: &[&str]| names.iter().any(|name| schema.get(name).is_some());
        let mut compiled = Schema { types: types(schema.get("type")), ..Schema::default() };
        // Schemas that only others refer to are compiled when they do.
        if has(&["enum", "allOf", "anyOf", "oneOf", "not"]) {
            compiled.choice = Some(Box::new(self.choice(origin, schema)));
        }
        if has(&["minimum", "maximum", "multipleOf"]) {
            compiled.number = Some(Box::new(numbers(schema)));
        }
        if has(&["minLength", "maxLength", "pattern", "format"]) {
            compiled.string = Some(Box::new(self.strings(origin, schema)));
        }
        if has(&["items", "minItems", "maxItems", "uniqueItems"]) {
            compiled.array = Some(Box::new(self.arrays(origin, schema)));
        }
        if has(&[
            "properties",
            "patternProperties",
            "additionalProperties",
            "required",
            "minProperties",
            "maxProperties",
            "dependencies",
        ]) {
            compiled.object = Some(Box::new(self.objects(origin, schema)));
        }
        self.size_bytes += schema.members().count() * 64;
        compiled
    }

    fn list(&mut self, origin: Origin, schema: Value<'_>, name: &str) -> Box<[SchemaId]> {
        let items = schema.get(name).into_iter().flat_map(Value::items);
        items.map(|item| self.schema(origin, item)).collect()
    }

    fn choice(&mut self, origin: Origin, schema: Value<'_>) -> Choice {
        let values = schema.get("enum").and_then(|values| self.values(origin, values));
        Choice {
            values,
            all_of: self.list(origin, schema, "allOf"),
            any_of: self.list(origin, schema, "anyOf"),
            one_of: self.list(origin, schema, "oneOf"),
            not: schema.get("not").map(|schema| self.schema(origin, schema)),
        }
    }

    /// The values of `enum`, in a document of their own.
    fn values(&mut self, origin: Origin, values: Value<'_>) -> Option<Enum> {
        let mut text = String::new();
        print::print(values, usize::MAX, &mut text);
        self.size_bytes += text.len() * 2;
        let strings = values.items().filter_map(Value::as_str).map(Into::into).collect();
        match Document::read(text.as_bytes()) {
            Ok(all) => Some(Enum { all: all.into_owned(), strings }),
            Err(_) => {
                self.fault_at(origin, format!("enum: nested deeper than {MAX_DEPTH}"));
                None
            }
        }
    }

    fn strings(&mut self, origin: Origin, schema: Value<'_>) -> StringRules {
        let pattern = schema.get("pattern").and_then(Value::as_str);
        StringRules {
            min_length: schema.get("minLength").and_then(count),
            max_length: schema.get("maxLength").and_then(count),
            pattern: pattern.and_then(|text| self.pattern(origin, text)),
            format: schema.get("format").and_then(Value::as_str).and_then(Format::parse),
        }
    }

    fn additional(&mut self, origin: Origin, value: Option<Value<'_>>) -> Additional {
        match value {
            Some(value) if value.as_bool() == Some(false) => Additional::None,
            Some(value) if value.is_object() => Additional::Schema(self.schema(origin, value)),
            _ => Additional::Any,
        }
    }

    fn arrays(&mut self, origin: Origin, schema: Value<'_>) -> ArrayRules {
        let items = schema.get("items");
        let by_place = items.filter(|items| items.is_array());
        ArrayRules {
            items: items.filter(|i| i.is_object()).map(|items| self.schema(origin, items)),
            places: by_place.map(|_| self.list(origin, schema, "items")),
            additional: self.additional(origin, schema.get("additionalItems")),
            min: schema.get("minItems").and_then(count),
            max: schema.get("maxItems").and_then(count),
            is_unique: schema.get("uniqueItems").and_then(Value::as_bool) == Some(true),
        }
    }

    fn objects(&mut self, origin: Origin, schema: Value<'_>) -> ObjectRules {
        let map = |name| schema.get(name).into_iter().flat_map(Value::members);
        let properties = map("properties");
        let properties: hashbrown::HashMap<Box<str>, SchemaId> =
            properties.map(|(name, value)| (name.into(), self.schema(origin, value))).collect();
        self.size_bytes += properties.keys().map(|name| name.len() + 32).sum::<usize>();
        let mut patterns = Vec::new();
        for (text, value) in map("patternProperties") {
            let id = self.schema(origin, value);
            patterns.extend(self.pattern(origin, text).map(|pattern| (pattern, id)));
        }
        let dependencies = map("dependencies").map(|(name, value)| {
            let dependency = match value.is_array() {
                true => Dependency::Names(names(Some(value))),
                false => Dependency::Schema(self.schema(origin, value)),
            };
            (name.into(), dependency)
        });
        ObjectRules {
            dependencies: dependencies.collect(),
            properties,
            patterns: patterns.into(),
            additional: self.additional(origin, schema.get("additionalProperties")),
            required: names(schema.get("required")),
            min: schema.get("minProperties").and_then(count),
            max: schema.get("maxProperties").and_then(count),
        }
    }
}

/// `number` takes integers too, and AWS says so where it lists what it allows.
fn types(value: Option<Value<'_>>) -> u8 {
    let bit = |value: Value<'_>| match value.as_str().and_then(Kind::parse) {
        Some(Kind::Number) => Kind::Number.bit() | Kind::Integer.bit(),
        Some(kind) => kind.bit(),
        None => 0,
    };
    match value {
        Some(list) if list.is_array() => list.items().map(bit).fold(0, |all, one| all | one),
        Some(value) => bit(value),
        None => 0,
    }
}

fn names(list: Option<Value<'_>>) -> Box<[Box<str>]> {
    let names = list.into_iter().flat_map(Value::items).filter_map(Value::as_str);
    let mut names: Vec<Box<str>> = names.map(Into::into).collect();
    names.sort();
    names.into()
}

fn numbers(schema: Value<'_>) -> NumberRules {
    let number = |name| schema.get(name).and_then(Value::as_number);
    let bound = |name, exclusive| {
        number(name).map(|text| Bound {
            text: text.into(),
            is_exclusive: schema.get(exclusive).and_then(Value::as_bool) == Some(true),
        })
    };
    NumberRules {
        minimum: bound("minimum", "exclusiveMinimum"),
        maximum: bound("maximum", "exclusiveMaximum"),
        multiple_of: number("multipleOf")
            .and_then(|text| Divisor::of(text).map(|divisor| (text.into(), divisor))),
    }
}
