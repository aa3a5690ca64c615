//! What holds for every template, path and document: nothing panics, nothing
//! hangs, and JSON survives.

use gw_template::{Document, Empty, JsonPath, Limits, Source, Template};
use proptest::prelude::*;

const LIMITS: Limits =
    Limits { steps: 20_000, depth: 60, output_bytes: 1 << 16, loop_turns: 50, macro_depth: 20 };

struct Body(String);

impl Source for Body {
    fn body(&self) -> &str {
        &self.0
    }
}

/// Pieces of VTL in any order, wrong as often as right.
fn vtl() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "$",
        "#",
        "\\",
        "${",
        "}",
        "{",
        "$!",
        "$x",
        "$y.z",
        "(",
        ")",
        "[",
        "]",
        "\"",
        "'",
        ",",
        ".",
        "..",
        ":",
        "#set(",
        "$x = ",
        "#if(",
        "#else",
        "#elseif(",
        "#end",
        "#foreach(",
        " in ",
        "#macro(",
        "#m(",
        "m ",
        "#@m()",
        "#define(",
        "#evaluate(",
        "#break",
        "#stop",
        "##",
        "#*",
        "*#",
        "#[[",
        "]]#",
        "\n",
        " ",
        "1",
        "-2",
        "2.5e3",
        "9999999999999999999999",
        "true",
        "false",
        "&&",
        "||",
        "!",
        "==",
        "<",
        "+",
        "-",
        "*",
        "/",
        "%",
        "and",
        "not",
        "é",
        "😀",
        "\u{0}",
        "$input",
        ".path('$..*')",
        ".json(\"$\")",
        ".body",
        ".params()",
        "$util",
        ".parseJson(",
        "$context",
        ".requestOverride",
        ".header",
        "$foreach",
        ".hasNext",
        ".put(",
        ".add(",
        ".get(",
        ".size()",
        ".substring(",
        ".replaceAll(",
        ".split(",
        ".keySet()",
        ".entrySet()",
        "[1..5]",
        "{'a':1}",
        "#set($x = [$x, $x])",
        "#set($m = {})$m.put('m', $m)",
        "$x.add($x)",
        "#foreach($i in [1..9])",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn run(text: &str, body: &str) {
    if let Ok(template) = Template::compile(text) {
        let body = Body(body.to_owned());
        if let Ok(rendered) = template.render(&body, LIMITS) {
            assert!(rendered.text.len() <= LIMITS.output_bytes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn templates_never_panic(text in vtl()) {
        run(&text, r#"{"a":[1,{"b":null}],"c":"x"}"#);
    }

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>(), body in any::<String>()) {
        run(&text, &body);
    }

    #[test]
    fn text_without_vtl_is_itself(text in "[a-zA-Z0-9 \n\t\\{\\}\\[\\]\":,.;()é-]*") {
        let template = Template::compile(&text).expect("works");
        let rendered = template.render(&Empty, Limits::default()).expect("works");
        prop_assert_eq!(rendered.text, text);
    }

    #[test]
    fn errors_name_a_place_in_the_text(text in vtl()) {
        if let Err(error) = Template::compile(&text) {
            let lines = text.split(['\n', '\r']).count();
            prop_assert!(error.position.line >= 1 && error.position.line as usize <= lines);
        }
    }

    #[test]
    fn paths_never_panic(
        path in "[$@.a-c0-2\\[\\]'\"*?(),:!=<>&|~/ -]{0,24}",
        body in "[\\[\\]{}\"a-c:,0-9.e ntrufls-]{0,30}",
    ) {
        if let (Ok(path), Ok(document)) = (JsonPath::parse(&path), Document::parse(&body)) {
            let _ = path.eval(&document);
        }
        if let Ok(path) = JsonPath::parse(&path) {
            let document = Document::parse(r#"{"a":[1,{"b":[2]},"c"],"b":{"a":null}}"#).expect("works");
            let _ = path.eval(&document);
        }
    }

    #[test]
    fn json_survives(value in json(4)) {
        let text = value.to_string();
        let document = Document::parse(&text).expect("works");
        let again: serde_json::Value = serde_json::from_str(&document.json()).expect("works");
        prop_assert_eq!(again, value);
    }

    #[test]
    fn documents_never_panic(text in any::<String>()) {
        let _ = Document::parse(&text);
    }
}

fn json(depth: u32) -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(depth, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::hash_map(any::<String>(), inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}
