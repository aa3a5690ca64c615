//! One case: a line of JSON.

use std::{fs, path::PathBuf};

use gw_template::{Document, JsonPath, Limits, Template};
use serde_json::{Value, json};

use crate::request::Request;

/// What a template or path comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Text(String),
    /// A path that finds nothing.
    Nothing,
    Error,
}

impl Outcome {
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        self == other
    }

    pub(crate) fn read(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text.clone()),
            Value::Null => Self::Nothing,
            _ => Self::Error,
        }
    }

    fn write(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Nothing => Value::Null,
            Self::Error => json!({ "error": true }),
        }
    }
}

pub(crate) struct Case {
    /// File and line.
    pub(crate) at: String,
    pub(crate) line: Value,
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn files(name: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder(name))
        .expect("the corpus is there")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    files.sort();
    files
}

fn read(path: &PathBuf) -> Vec<Case> {
    let text = fs::read_to_string(path).expect("readable");
    let name = path.file_name().expect("a name").display().to_string();
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
        .map(|(at, line)| Case {
            at: format!("{name}:{}", at + 1),
            line: serde_json::from_str(line).unwrap_or_else(|e| panic!("{name}:{}: {e}", at + 1)),
        })
        .collect()
}

pub(crate) fn load(name: &str) -> Vec<Case> {
    files(name).iter().flat_map(read).collect()
}

/// Writes `want` into cases that have none.
pub(crate) fn fill(name: &str, ask: fn(&[Case]) -> Vec<Outcome>) {
    for path in files(name) {
        let mut cases = read(&path);
        let answers = ask(&cases);
        for (case, answer) in cases.iter_mut().zip(answers) {
            if case.line.get("want").is_some() {
                continue;
            }
            let got = case.run();
            let reason = (!got.agrees(&answer))
                .then(|| crate::generate::known_difference(case, &got, &answer))
                .flatten();
            let line = case.line.as_object_mut().expect("an object");
            match reason {
                Some(reason) => {
                    line.insert("want".to_owned(), got.write());
                    line.insert("java".to_owned(), answer.write());
                    line.insert("why".to_owned(), json!(reason));
                }
                None => {
                    line.insert("want".to_owned(), answer.write());
                }
            }
        }
        let lines: Vec<String> = cases.iter().map(|case| case.line.to_string() + "\n").collect();
        fs::write(&path, lines.concat()).expect("writable");
    }
}

impl Case {
    fn text(&self, name: &str) -> Option<&str> {
        self.line[name].as_str()
    }

    pub(crate) fn want(&self) -> Outcome {
        Outcome::read(&self.line["want"])
    }

    /// What the original answers, where that is not ours.
    pub(crate) fn java(&self) -> Option<Outcome> {
        self.line.get("java").map(Outcome::read)
    }

    pub(crate) fn why(&self) -> Option<String> {
        self.text("why").map(str::to_owned)
    }

    pub(crate) fn run(&self) -> Outcome {
        if let Some(path) = self.text("path") {
            return self.find(path);
        }
        let template = match Template::compile(self.text("t").expect("a template")) {
            Ok(template) => template,
            Err(_) => return Outcome::Error,
        };
        match template.render(&Request(&self.line), Limits::default()) {
            Ok(rendered) => Outcome::Text(rendered.text),
            Err(_) => Outcome::Error,
        }
    }

    fn find(&self, path: &str) -> Outcome {
        let document = match Document::parse(self.text("b").expect("a document")) {
            Ok(document) => document,
            Err(_) => return Outcome::Error,
        };
        match JsonPath::parse(path).and_then(|path| path.eval(&document)) {
            Ok(Some(found)) => Outcome::Text(found.json()),
            Ok(None) => Outcome::Nothing,
            Err(_) => Outcome::Error,
        }
    }
}
