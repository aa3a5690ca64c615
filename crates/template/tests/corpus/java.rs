//! Asking the originals, in a Java process that reads cases and writes answers.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::case::{Case, Outcome};

/// One answer for each case.
pub(crate) fn answers(cases: &[Case]) -> Vec<Outcome> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/ecosystem/templates");
    let list = std::fs::read_to_string(folder.join("classpath")).expect("the list of jars");
    let jars: Vec<String> = list
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|jar| format!("/usr/share/java/{jar}"))
        .collect();
    let mut java = Command::new("java")
        .args(["-Xss16m", "-cp", &jars.join(":")])
        .arg(folder.join("Oracle.java"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("java runs");
    let mut input = java.stdin.take().expect("a pipe");
    let lines: Vec<String> = cases.iter().map(|case| case.line.to_string() + "\n").collect();
    let writer = std::thread::spawn(move || input.write_all(lines.concat().as_bytes()));
    let output = java.wait_with_output().expect("java ends");
    writer.join().expect("no panic").expect("java reads its input");
    assert!(output.status.success(), "java failed");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let answers: Vec<Outcome> = text
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(line).expect("an answer");
            answer.get("out").map_or(Outcome::Error, Outcome::read)
        })
        .collect();
    assert_eq!(answers.len(), cases.len(), "one answer for each case");
    answers
}
