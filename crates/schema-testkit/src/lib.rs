//! Schemas with instances: every keyword of draft 4 by hand, and random ones.
//! For the tests of `gw-schema` and the black-box test of validation.

mod random;

pub use random::{Random, random_schema, random_value};
use serde_json::{Value, json};

/// A schema, the other models that it may refer to as `definitions`, and what
/// is held against it. Whether an instance is valid is for an oracle to say.
#[derive(Debug, Clone)]
pub struct Case {
    /// A schema of draft 4.
    pub schema: Value,
    /// What is held against it.
    pub instances: Vec<Value>,
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
pub fn by_hand() -> Vec<Case> {
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
