//! Schemas with instances: every keyword of draft 4 by hand, and random ones.
//! Used by this crate's tests and by the black-box test of validation.

#![allow(dead_code, reason = "not every test uses all of it")]

use serde_json::{Value, json};

/// A schema, the other models that it may refer to as `definitions`, and what
/// is held against it. Whether an instance is valid is for an oracle to say.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) schema: Value,
    pub(crate) instances: Vec<Value>,
}

fn case(schema: Value, instances: Value) -> Case {
    let Value::Array(instances) = instances else { panic!("a list of instances") };
    Case { schema, instances }
}

/// Values of every kind.
fn one_of_each() -> Value {
    json!([null, true, false, 0, 1, -1, 1.5, 1e3, "", "a", "1", [], [1], {}, {"a": 1}, [[]], {"a": {}}])
}

/// Every keyword of draft 4.
pub(crate) fn by_hand() -> Vec<Case> {
    let mut cases = types();
    cases.extend(numbers());
    cases.extend(strings());
    cases.extend(formats());
    cases.extend(addresses());
    cases.extend(arrays());
    cases.extend(objects());
    cases.extend(choices());
    cases.extend(references());
    cases
}

fn types() -> Vec<Case> {
    let single = ["array", "boolean", "integer", "null", "number", "object", "string"];
    let mut cases: Vec<Case> =
        single.iter().map(|name| case(json!({"type": name}), one_of_each())).collect();
    cases.push(case(json!({"type": ["integer", "null"]}), one_of_each()));
    cases.push(case(json!({"type": ["object", "array", "string"]}), one_of_each()));
    cases.push(case(json!({}), one_of_each()));
    cases
}

fn numbers() -> Vec<Case> {
    let values = json!([0, 1, 2, 3, 5, 5.0, 5.5, -1, -5, 4.999, 1e2, "5", null, [5]]);
    vec![
        case(json!({"minimum": 3}), values.clone()),
        case(json!({"minimum": 5, "exclusiveMinimum": true}), values.clone()),
        case(json!({"minimum": 5, "exclusiveMinimum": false}), values.clone()),
        case(json!({"maximum": 3}), values.clone()),
        case(json!({"maximum": 5.0, "exclusiveMaximum": true}), values.clone()),
        case(json!({"maximum": 5.5, "exclusiveMaximum": false}), values.clone()),
        case(json!({"minimum": -1.5, "maximum": 2.5, "type": "integer"}), values.clone()),
        case(json!({"multipleOf": 2}), values.clone()),
        case(json!({"multipleOf": 0.5}), values.clone()),
        case(json!({"multipleOf": 2.5, "minimum": 0}), values),
        case(json!({"multipleOf": 0.01}), json!([0, 0.01, 0.5, 19.99, 0.015, 4.02, 1])),
        case(
            json!({"minimum": 9007199254740991u64}),
            json!([9007199254740990u64, 9007199254740991u64, 9007199254740992u64, 1e17]),
        ),
    ]
}

fn strings() -> Vec<Case> {
    let texts = json!(["", "a", "ab", "abc", "äöü", "😀", "😀😀", "a b", 1, null, ["abc"]]);
    let mut cases = vec![
        case(json!({"minLength": 2}), texts.clone()),
        case(json!({"maxLength": 2}), texts.clone()),
        case(json!({"minLength": 1, "maxLength": 1}), texts.clone()),
        case(json!({"maxLength": 0}), texts),
    ];
    let texts = json!([
        "",
        "a",
        "b",
        "ab",
        "abc",
        "aab",
        "ba",
        "A1",
        "42",
        "x-1",
        "a.b@c.de",
        "2026-11-23",
        "\n",
        "a\nb",
        "é",
        "a/b",
        "{}",
        "a-b_c",
        "_",
        " ",
        "\t",
        "aa",
        "tel: 12",
        7
    ]);
    for pattern in [
        "a",
        "^a",
        "b$",
        "^ab?$",
        "^[a-c]+$",
        "^[^a]",
        r"^\d+$",
        r"^\w+$",
        r"\s",
        r"^\S+$",
        "^.$",
        "^(a|b)*$",
        r"^\d{4}-\d{2}-\d{2}$",
        r"^[\w.-]+@[\w-]+\.[a-z]{2,}$",
        "^(?!a)",
        "^(?=.*b).*$",
        r"^(a)\1$",
        r"^a\/b$",
        "^[A-Z][0-9]$",
        r"^\x61",
        r"^\u0061",
        "[é]",
        "^.*$",
        "a{2}",
        "^a{0,1}b{1,}$",
        r"^\{\}$",
        "(?:a|b)c",
        r"\bab\b",
        r"^[\d\-_a-z]+$",
        "^$",
        r"^[^\s]+$",
        "a+?b",
        r"[\]a]",
        "^tel",
    ] {
        cases.push(case(json!({"pattern": pattern}), texts.clone()));
    }
    cases
}

fn formats() -> Vec<Case> {
    vec![
        case(
            json!({"format": "date-time"}),
            json!([
                "2026-11-23T07:00:00Z",
                "2026-11-23T07:00:00.123Z",
                "2026-11-23T07:00:00+01:00",
                "2026-11-23",
                "2026-13-01T00:00:00Z",
                "2026-02-30T00:00:00Z",
                "2024-02-29T00:00:00Z",
                "2023-02-29T00:00:00Z",
                "2026-11-23T24:00:00Z",
                "2026-11-23T07:60:00Z",
                "2026-11-23T07:00:00",
                "2026-11-23T07:00:00+0100",
                "2026-11-23T07:00:00.Z",
                "1998-12-31T23:59:60Z",
                "1998-12-31T22:59:60Z",
                "",
                "x",
                5
            ]),
        ),
        case(
            json!({"format": "email"}),
            json!([
                "a@b.de",
                "a.b+c@d-e.fr",
                "a",
                "@b.de",
                "a@",
                "a b@c.de",
                "a..b@c.de",
                ".a@b.de",
                "a@b@c.de",
                "\"a b\"@c.de",
                "a@-b.de",
                "",
                1
            ]),
        ),
        case(
            json!({"format": "hostname"}),
            json!([
                "a", "a.b", "a-b.c", "-a.b", "a-.b", "a..b", "a_b", "1.2.3.4", "", "ä.de", "A.B", 1
            ]),
        ),
    ]
}

fn addresses() -> Vec<Case> {
    vec![
        case(
            json!({"format": "ipv4"}),
            json!([
                "1.2.3.4",
                "255.255.255.255",
                "256.1.1.1",
                "1.2.3",
                "1.2.3.4.5",
                "a.b.c.d",
                "01.2.3.4",
                "",
                1
            ]),
        ),
        case(
            json!({"format": "ipv6"}),
            json!([
                "::1",
                "::",
                "1:2:3:4:5:6:7:8",
                "::ffff:1.2.3.4",
                "1::2::3",
                "12345::",
                ":",
                "fe80::1",
                "g::",
                "",
                1
            ]),
        ),
        case(
            json!({"format": "uri"}),
            json!([
                "http://a.de/b?c#d",
                "urn:a:b",
                "mailto:a@b.de",
                "http://[::1]:80/",
                "/a/b",
                "a b",
                "http://a b/",
                "http://a/%zz",
                "http://a/%20",
                "//a.de",
                "",
                "1x:y",
                "http://u:p@h:8/",
                "http://h:x/",
                "a:",
                1
            ]),
        ),
        case(json!({"format": "int32"}), json!([1, "x", 99999999999u64])),
        case(json!({"format": "no-such"}), json!(["x", 1])),
    ]
}

fn arrays() -> Vec<Case> {
    let lists = json!([
        [], [1], [1, 2], [1, 2, 3], [1, 1], [1, 1.0], ["a", "a"], ["1", 1], [true, 1], [[1], [1]], [{"a": 1, "b": 2}, {"b": 2, "a": 1}],
        [null, null], [{}, []], [1, "a"], ["a", 1], [1, "a", true], "x", {"a": [1]}
    ]);
    let mut cases: Vec<Case> = [
        json!({"minItems": 2}), json!({"maxItems": 1}), json!({"minItems": 1, "maxItems": 2}),
        json!({"uniqueItems": true}), json!({"uniqueItems": false}), json!({"items": {"type": "integer"}}),
        json!({"items": {}}), json!({"items": {"minimum": 2}, "minItems": 1}),
        json!({"items": [{"type": "integer"}]}), json!({"items": [{"type": "integer"}, {"type": "string"}]}),
        json!({"items": [{"type": "integer"}], "additionalItems": false}),
        json!({"items": [{"type": "integer"}, {"type": "string"}], "additionalItems": {"type": "boolean"}}),
        json!({"items": {"type": "integer"}, "additionalItems": false}),
        json!({"additionalItems": false}),
    ]
    .into_iter()
    .map(|schema| case(schema, lists.clone()))
    .collect();
    let large: Vec<Value> = (0..200).map(|n| json!({"n": n % 150})).collect();
    let distinct: Vec<Value> = (0..200).map(|n| json!({"n": n, "l": [n, {"x": n}]})).collect();
    cases.push(case(json!({"uniqueItems": true}), json!([large, distinct])));
    cases.push(case(
        json!({"items": {"items": {"items": {"type": "number"}}}}),
        json!([[[[1]]], [[["1"]]], [[1]], [1], [[[1, 2, "3"]]]]),
    ));
    cases
}

fn objects() -> Vec<Case> {
    let values = json!([
        {}, {"a": 1}, {"b": "x"}, {"a": 1, "b": "x"}, {"a": "1"}, {"a": 1, "c": 1}, {"x1": 1}, {"x1": "s"}, {"a": 1, "b": 2, "c": 3},
        {"a": null}, {"b": 1}, {"": 1}, {"A": 1}, {"toString": 1}, {"a": {"a": 1}}, [], "a", 1
    ]);
    [
        json!({"properties": {"a": {"type": "integer"}}}),
        json!({"properties": {"a": {"type": "integer"}, "b": {"type": "string"}}}),
        json!({"required": ["a"]}), json!({"required": ["a", "b"]}), json!({"required": [""]}),
        json!({"required": ["a"], "properties": {"a": {"type": "integer"}}, "type": "object"}),
        json!({"minProperties": 1}), json!({"maxProperties": 1}), json!({"minProperties": 2, "maxProperties": 2}),
        json!({"additionalProperties": false}), json!({"additionalProperties": true}), json!({"additionalProperties": {"type": "integer"}}),
        json!({"properties": {"a": {}}, "additionalProperties": false}),
        json!({"properties": {"a": {}}, "additionalProperties": {"type": "string"}}),
        json!({"properties": {"a": {}}, "patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": false}),
        json!({"patternProperties": {"^[ab]$": {"type": "integer"}}}),
        json!({"patternProperties": {"a": {"type": "integer"}, "b|c": {"type": "string"}}}),
        json!({"properties": {"a": {"minimum": 1}}, "patternProperties": {"a": {"maximum": 0}}}),
        json!({"dependencies": {"a": ["b"]}}), json!({"dependencies": {"a": ["b", "c"], "b": ["a"]}}),
        json!({"dependencies": {"a": {"required": ["c"]}}}),
        json!({"dependencies": {"a": {"properties": {"b": {"type": "string"}}}, "c": ["b"]}}),
        json!({"properties": {"a": {"properties": {"a": {"type": "string"}}}}}),
        json!({"properties": {"a": {"enum": [1, null]}}, "required": ["a"], "additionalProperties": false}),
        json!({"properties": {"toString": {"type": "string"}}}),
    ]
    .into_iter()
    .map(|schema| case(schema, values.clone()))
    .collect()
}

fn choices() -> Vec<Case> {
    let mut cases: Vec<Case> = [
        json!({"enum": [1, "a", null, [], {"a": 1}, true, [1]]}), json!({"enum": ["a", "b", "c"]}), json!({"enum": [1.0, 1.5]}),
        json!({"enum": [{"a": {}}]}), json!({"enum": [0]}), json!({"enum": [false]}),
        json!({"allOf": [{"type": "integer"}, {"minimum": 1}]}), json!({"allOf": [{}]}),
        json!({"allOf": [{"type": "object"}, {"required": ["a"]}], "maxProperties": 1}),
        json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}), json!({"anyOf": [{"minimum": 1}, {"maxLength": 0}]}),
        json!({"oneOf": [{"type": "integer"}, {"type": "number"}]}), json!({"oneOf": [{"minimum": 1}, {"type": "integer"}]}),
        json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}], "type": "object"}),
        json!({"not": {"type": "integer"}}), json!({"not": {}}), json!({"not": {"not": {"type": "string"}}}),
        json!({"not": {"anyOf": [{"type": "null"}, {"enum": ["a", 1]}]}}),
        json!({"allOf": [{"anyOf": [{"type": "string"}, {"type": "array"}]}, {"not": {"enum": [[], ""]}}]}),
        json!({"anyOf": [{"allOf": [{"type": "integer"}, {"maximum": 0}]}, {"oneOf": [{"type": "string"}, {"minLength": 1}]}]}),
    ]
    .into_iter()
    .map(|schema| case(schema, one_of_each()))
    .collect();
    cases.push(case(
        json!({
            "oneOf": [
                {"properties": {"kind": {"enum": ["cat"]}, "lives": {"type": "integer"}}, "required": ["kind", "lives"]},
                {"properties": {"kind": {"enum": ["dog"]}, "barks": {"type": "boolean"}}, "required": ["kind"]}
            ]
        }),
        json!([
            {"kind": "cat", "lives": 9}, {"kind": "cat"}, {"kind": "dog"}, {"kind": "dog", "barks": 1}, {"kind": "cow"}, {},
            {"kind": "cat", "lives": "9"}
        ]),
    ));
    cases
}

fn references() -> Vec<Case> {
    let trees = json!([
        {"value": 1}, {"value": 1, "children": []}, {"value": 1, "children": [{"value": 2}]}, {"value": 1, "children": [{"value": "2"}]},
        {"value": 1, "children": [{"value": 2, "children": [{"value": 3}]}]}, {"value": 1, "children": [{"children": []}]}, {}, 1, [],
        {"value": 1, "children": [{"value": 2, "children": [{}]}]}
    ]);
    let node = json!({
        "type": "object", "required": ["value"],
        "properties": {"value": {"type": "integer"}, "children": {"type": "array", "items": {"$ref": "#"}}}
    });
    let mut named = json!({"$ref": "#/definitions/node"});
    let mut inner = node.clone();
    inner["properties"]["children"]["items"]["$ref"] = json!("#/definitions/node");
    named["definitions"] = json!({"node": inner});
    let escaped = json!({
        "definitions": {"a/b": {"type": "integer"}, "c~d": {"type": "string"}, "e f": {"type": "null"}},
        "properties": {
            "a": {"$ref": "#/definitions/a~1b"}, "b": {"$ref": "#/definitions/c~0d"}, "c": {"$ref": "#/definitions/e%20f"},
            "d": {"$ref": "#/properties/a"}
        }
    });
    let siblings = json!({
        "definitions": {"a": {"type": "integer"}},
        "properties": {"a": {"$ref": "#/definitions/a", "maximum": 1}}
    });
    let list = json!({
        "definitions": {"expr": {"anyOf": [
            {"type": "integer"},
            {"type": "object", "required": ["op", "args"], "additionalProperties": false, "properties": {
                "op": {"enum": ["and", "or"]}, "args": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/expr"}}
            }}
        ]}},
        "allOf": [{"$ref": "#/definitions/expr"}]
    });
    vec![
        case(node, trees.clone()),
        case(named, trees),
        case(
            escaped,
            json!([{}, {"a": 1}, {"a": "1"}, {"b": "x"}, {"b": 1}, {"c": null}, {"c": 1}, {"d": 1}, {"d": "1"}]),
        ),
        case(siblings, json!([{"a": 1}, {"a": 5}, {"a": "1"}, {}])),
        case(
            list,
            json!([
                1, "1", {"op": "and", "args": [1]}, {"op": "and", "args": []}, {"op": "xor", "args": [1]},
                {"op": "or", "args": [{"op": "and", "args": [1, 2]}, 3]}, {"op": "or", "args": [{"op": "and", "args": [1, null]}, 3]},
                {"op": "or", "args": [1], "x": 1}
            ]),
        ),
    ]
}

/// Numbers that follow from a seed.
#[derive(Debug, Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
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
pub(crate) fn random_value(random: &mut Random, depth: usize) -> Value {
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
pub(crate) fn random_schema(random: &mut Random) -> Value {
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
