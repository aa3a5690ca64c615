//! JSONPath: parsed and read from hostile documents.

use gw_template::{Document, JsonPath, PathError};

use super::template::APART;

/// Paths, one a line; then a document.
///
/// # Panics
/// When reading twice differs, an indefinite path finds something else than a
/// list or nothing, what was found is no JSON, or an error names a place
/// outside of the path.
pub fn jsonpath(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (paths, document) = text.split_once(APART).unwrap_or((&text, "{}"));
    let parsed = Document::parse(document);
    if let Ok(document) = &parsed {
        same_again(document);
        drop(document.text());
    }
    for text in paths.lines().take(16) {
        let path = match JsonPath::parse(text) {
            Ok(path) => path,
            Err(PathError::Syntax { at, .. }) => {
                assert!(at <= text.len() + 2, "{at} in {text:?}");
                continue;
            }
            Err(_) => continue,
        };
        let Ok(document) = &parsed else { continue };
        let found = path.eval(document);
        let again = path.eval(document);
        let json = |found: &Result<Option<Document>, _>| match found {
            Ok(Some(found)) => Some(found.json()),
            Ok(None) | Err(_) => None,
        };
        assert_eq!(json(&found), json(&again), "{text:?}");
        let Ok(found) = found else { continue };
        if !path.is_definite() && !text.contains('(') {
            let is_list = found.as_ref().is_none_or(|found| found.items().is_some());
            assert!(is_list, "{text:?} is indefinite and finds no list");
        }
        if let Some(found) = found {
            same_again(&found);
            drop(found.text());
        }
    }
}

/// What is printed as JSON reads as the same. A path can find a large part of
/// a document many times over: such lists are only printed.
fn same_again(document: &Document) {
    let text = document.json();
    if text.len() > 1 << 20 {
        return;
    }
    match Document::parse(&text) {
        Ok(again) => assert_eq!(again.json(), text),
        Err(error) => panic!("{error} in {text:.200}"),
    }
}
