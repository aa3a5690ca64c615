//! The corpus: templates and paths with what they come to.
//!
//! `tests/data/templates/*.jsonl` and `tests/data/paths/*.jsonl` hold one case a
//! line. Where API Gateway does as its Java libraries do, the expected text came
//! from them; `java` holds their answer where ours differs, and `why` the reason.
//! `tests/ecosystem/templates/run` asks the libraries again.

mod case;
mod generate;
mod java;
mod request;

use case::Case;

fn check(folder: &str, at_least: usize) {
    let cases = case::load(folder);
    assert!(cases.len() >= at_least, "{} cases in {folder}, want {at_least}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let got = case.run();
        let want = case.want();
        if !got.agrees(&want) {
            wrong.push(format!(
                "{}\n   case {}\n   want {want:?}\n   got  {got:?}",
                case.at, case.line
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn templates_come_to_what_the_corpus_says() {
    check("templates", 600);
}

#[test]
fn paths_find_what_the_corpus_says() {
    check("paths", 400);
}

#[test]
fn every_deviation_has_a_reason() {
    for folder in ["templates", "paths"] {
        for case in case::load(folder) {
            assert_eq!(case.java().is_some(), case.why().is_some(), "{}", case.at);
        }
    }
}

/// Asks Apache Velocity and Jayway. Needs Java; see `tests/ecosystem/templates`.
#[test]
#[ignore = "needs Java and the Debian packages velocity and libjsonpath-java"]
fn the_originals_agree() {
    let mut failed = false;
    for folder in ["templates", "paths"] {
        let cases = case::load(folder);
        failed |= !compare(&format!("corpus, {folder}"), &cases);
    }
    let seed = std::env::var("GATEWRIGHT_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(20_261_123);
    let count = std::env::var("GATEWRIGHT_GENERATED").ok().and_then(|count| count.parse().ok());
    let count = count.unwrap_or(2000);
    println!("generated with GATEWRIGHT_SEED={seed}");
    failed |= !compare("generated templates", &generate::templates(seed, count));
    failed |= !compare("generated paths", &generate::paths(seed, count));
    assert!(!failed, "unexplained deviations from the originals");
}

/// Compares with the originals; prints agreement and each deviation.
fn compare(title: &str, cases: &[Case]) -> bool {
    let answers = java::answers(cases);
    let (mut agree, mut explained, mut unexplained) = (0, Vec::new(), Vec::new());
    for (case, answer) in cases.iter().zip(&answers) {
        let got = case.run();
        if got.agrees(answer) {
            agree += 1;
            continue;
        }
        let reason = match case.java() {
            Some(known) if known.agrees(answer) => case.why(),
            _ => generate::known_difference(case, &got, answer),
        };
        let shown = format!("{} {}\n     java {answer:?}\n     ours {got:?}", case.at, case.line);
        match reason {
            Some(reason) => explained.push(reason),
            None => unexplained.push(shown),
        }
    }
    println!(
        "{title}: {agree} of {} agree, {} differ for a known reason, {} unexplained",
        cases.len(),
        explained.len(),
        unexplained.len()
    );
    explained.sort();
    for group in explained.chunk_by(|a, b| a == b) {
        println!("  {:4} {}", group.len(), group[0]);
    }
    for one in unexplained.iter().take(40) {
        println!("  UNEXPLAINED {one}");
    }
    unexplained.is_empty()
}

/// Fills `want` from the originals where it is missing. Needs Java.
#[test]
#[ignore = "rewrites the corpus"]
fn fill_the_corpus() {
    for folder in ["templates", "paths"] {
        case::fill(folder, java::answers);
    }
}
