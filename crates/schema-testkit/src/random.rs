//! Random schemas and values that speak of the same things.

use serde_json::{Value, json};

/// Numbers that follow from a seed.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).expect("below a usize")
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

const NAMES: [&str; 4] = ["a", "b", "c", "dd"];

/// A value of few words, so that schemas meet what they speak of.
pub fn random_value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 6 } else { 9 }) {
        0 => Value::Null,
        1 => json!(random.chance(50)),
        2 | 3 => json!(random.below(7) as i64 - 2),
        4 => json!((random.below(9) as f64 - 3.0) / 2.0),
        5 => json!(random.pick(&["", "a", "b", "ab", "abc", "1"])),
        6 => (0..random.below(4)).map(|_| random_value(random, depth - 1)).collect(),
        _ => Value::Object(
            (0..random.below(4))
                .map(|_| (random.pick(&NAMES).to_owned(), random_value(random, depth - 1)))
                .collect(),
        ),
    }
}

/// A schema of any keywords, with `#/definitions` a and b to refer to.
pub fn random_schema(random: &mut Random) -> Value {
    let mut schema = schema_of(random, 3);
    schema["definitions"] = json!({"a": schema_of(random, 1), "b": {"type": ["object", "integer"], "properties": {
        "a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#"}
    }}});
    schema
}

fn schema_of(random: &mut Random, depth: usize) -> Value {
    let mut schema = json!({});
    for _ in 0..1 + random.below(3) {
        keyword(random, depth, &mut schema);
    }
    schema
}

fn schemas(random: &mut Random, depth: usize) -> Value {
    (0..1 + random.below(3)).map(|_| inner(random, depth)).collect()
}

/// A schema within another one for another value, where references end.
fn inner(random: &mut Random, depth: usize) -> Value {
    if depth == 0 {
        json!({"type": random.pick(&["integer", "string", "object"])})
    } else {
        schema_of(random, depth - 1)
    }
}

fn child(random: &mut Random, depth: usize) -> Value {
    if random.chance(15) {
        return json!({"$ref": random.pick(&["#/definitions/a", "#/definitions/b"])});
    }
    inner(random, depth)
}

fn names(random: &mut Random) -> Value {
    let first = random.below(NAMES.len());
    let count = 1 + random.below(2);
    (0..count).map(|n| json!(NAMES[(first + n) % NAMES.len()])).collect()
}

fn keyword(random: &mut Random, depth: usize, schema: &mut Value) {
    let number = random.below(5) as i64 - 1;
    let small = random.below(4);
    match random.below(24) {
        0 | 1 => {
            schema["type"] = json!(
                random.pick(&["object", "array", "string", "integer", "number", "boolean", "null"])
            )
        }
        2 => schema["type"] = json!(["object", random.pick(&["array", "string", "number"])]),
        3 => {
            schema["minimum"] = json!(number);
            schema["exclusiveMinimum"] = json!(random.chance(50));
        }
        4 => {
            schema["maximum"] = json!(number);
            schema["exclusiveMaximum"] = json!(random.chance(50));
        }
        5 => schema["multipleOf"] = json!([0.5, 1.0, 2.0, 3.0][small]),
        6 => schema["minLength"] = json!(small),
        7 => schema["maxLength"] = json!(small),
        8 => schema["pattern"] = json!(random.pick(&["a", "^a", "b$", "^[ab]*$", r"\d", "^(?!a)"])),
        9 => schema["minItems"] = json!(small),
        10 => schema["maxItems"] = json!(small),
        11 => schema["uniqueItems"] = json!(random.chance(70)),
        12 => schema["items"] = child(random, depth),
        13 => {
            schema["items"] = schemas(random, depth);
            schema["additionalItems"] =
                if random.chance(50) { json!(false) } else { child(random, depth) };
        }
        14 | 15 => {
            let count = 1 + random.below(3);
            schema["properties"] = Value::Object(
                (0..count)
                    .map(|_| (random.pick(&NAMES).to_owned(), child(random, depth)))
                    .collect(),
            );
        }
        16 => {
            schema["additionalProperties"] =
                if random.chance(50) { json!(false) } else { child(random, depth) }
        }
        17 => {
            schema["patternProperties"] =
                json!({random.pick(&["a", "^d", "[bc]"]): child(random, depth)})
        }
        18 => schema["required"] = names(random),
        19 => {
            let dependency = if random.chance(50) { names(random) } else { inner(random, depth) };
            schema["dependencies"] = json!({random.pick(&NAMES): dependency});
        }
        20 => schema[random.pick(&["minProperties", "maxProperties"])] = json!(small),
        21 => {
            let mut values: Vec<Value> = Vec::new();
            for _ in 0..3 {
                let value = random_value(random, 1);
                if !values
                    .iter()
                    .any(|known| known == &value || (known.is_number() && value.is_number()))
                {
                    values.push(value);
                }
            }
            schema["enum"] = json!(values);
        }
        22 => schema["not"] = inner(random, depth),
        _ => schema[random.pick(&["allOf", "anyOf", "oneOf"])] = schemas(random, depth),
    }
}
