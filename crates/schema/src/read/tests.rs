//! What is JSON, and how much of it.

use super::*;

#[test]
fn what_is_json_and_what_is_not() {
    for good in [
        "null",
        " true ",
        "[]",
        "[ ]",
        "{}",
        "{ }",
        "-0",
        "0.5e+10",
        "1E3",
        "[1,[2,{}],\"\"]",
        r#"{"a":{"b":[null]},"":0}"#,
        r#""\u00e9\ud83d\ude00\/\n""#,
        r#""\ud800""#,
    ] {
        assert!(Document::read(good.as_bytes()).is_ok(), "{good}");
        let known = serde_json::from_str::<serde_json::Value>(good);
        assert!(known.is_ok() || good.contains("d800"), "{good}");
    }
    for bad in [
        "",
        " ",
        "nul",
        "[1,]",
        "[,1]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "--1",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\n\"",
        "[1 2]",
        "1 2",
        "'a'",
        "[1",
        "{\"a\":1",
        "NaN",
        "\u{feff}1",
        "\"\\u+123\"",
    ] {
        assert!(matches!(Document::read(bad.as_bytes()), Err(ReadError::Syntax(_))), "{bad}");
        assert!(serde_json::from_str::<serde_json::Value>(bad).is_err(), "{bad}");
    }
    assert_eq!(Document::read(b"\"\xff\"").err(), Some(ReadError::Encoding(1)));
}

#[test]
fn depth_and_size_have_an_end() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Document::read(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert_eq!(Document::read(nested(MAX_DEPTH + 1).as_bytes()).err(), Some(ReadError::Depth));
    assert_eq!(Document::read(&vec![b'['; 1 << 20]).err(), Some(ReadError::Depth));
    let many = format!("[{}1]", "1,".repeat(MAX_VALUES));
    assert_eq!(Document::read(many.as_bytes()).err(), Some(ReadError::Values));
}

#[test]
fn the_last_of_equal_names_counts() {
    let many: Vec<String> = (0..20).map(|n| format!("\"k{}\":{n}", n % 10)).collect();
    for (text, want) in [
        (r#"{"a":1,"a":2}"#.to_owned(), vec![("a", "2")]),
        (
            r#"{"a":1,"b":[5,{"a":6}],"\u0061":2,"a":3,"b":4}"#.to_owned(),
            vec![("a", "3"), ("b", "4")],
        ),
        (format!("{{{}}}", many.join(",")), vec![("k0", "10"), ("k9", "19")]),
    ] {
        let document = Document::read(text.as_bytes()).unwrap();
        let root = document.root();
        for (name, number) in &want {
            assert_eq!(root.get(name).and_then(|value| value.as_number()), Some(*number));
        }
        assert_eq!(root.len(), root.members().count());
        assert_eq!(root.len(), if text.len() > 100 { 10 } else { want.len() });
    }
}
