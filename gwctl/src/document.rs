//! The little that `deploy` reads of a document itself: its title. All else is
//! the server's to judge.

use std::path::Path;

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::input;

/// The bytes of a file, or of standard input for `-`.
pub(crate) fn read(path: &Path) -> Result<Bytes> {
    let hint = "name an OpenAPI 3.x or Swagger 2.0 document, JSON or YAML";
    let bytes = input::bytes(path).map_err(|error| error.hint(hint))?;
    if bytes.trim_ascii().is_empty() {
        return Err(Error::usage(format!("{} is empty", path.display())));
    }
    Ok(bytes.into())
}

/// `info.title`. JSON is tried first where it looks so, since it reads faster.
pub(crate) fn title(document: &[u8]) -> Result<String> {
    let json = document.trim_ascii_start().first() == Some(&b'{');
    let info = if json {
        let value: serde_json::Value = serde_json::from_slice(document)
            .map_err(|e| Error::usage(format!("the document is no JSON: {e}")))?;
        value.pointer("/info/title").map(plain_json)
    } else {
        let value: serde_norway::Value = serde_norway::from_slice(document)
            .map_err(|e| Error::usage(format!("the document is no YAML: {e}")))?;
        value.get("info").and_then(|info| info.get("title")).map(plain_yaml)
    };
    info.flatten().filter(|title| !title.trim().is_empty()).ok_or_else(|| {
        Error::usage("the document has no info.title")
            .hint("name the API with --api, or add a title")
    })
}

/// The document under another title; the same bytes where it has that already.
pub(crate) fn with_title(document: Bytes, wanted: &str) -> Result<Bytes> {
    if title(&document).is_ok_and(|title| title == wanted) {
        return Ok(document);
    }
    let odd = |e: &dyn std::fmt::Display| Error::usage(format!("cannot read the document: {e}"));
    let no_info = || Error::usage("the document has no `info` object");
    if document.trim_ascii_start().first() == Some(&b'{') {
        let mut value: serde_json::Value =
            serde_json::from_slice(&document).map_err(|e| odd(&e))?;
        let info = value.get_mut("info").and_then(|i| i.as_object_mut()).ok_or_else(no_info)?;
        info.insert("title".to_owned(), wanted.into());
        return serde_json::to_vec(&value).map(Bytes::from).map_err(|e| odd(&e));
    }
    let mut value: serde_norway::Value =
        serde_norway::from_slice(&document).map_err(|e| odd(&e))?;
    let info = value.get_mut("info").and_then(|i| i.as_mapping_mut()).ok_or_else(no_info)?;
    info.insert("title".into(), wanted.into());
    serde_norway::to_string(&value).map(Bytes::from).map_err(|e| odd(&e))
}

fn plain_json(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn plain_yaml(value: &serde_norway::Value) -> Option<String> {
    match value {
        serde_norway::Value::String(text) => Some(text.clone()),
        serde_norway::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn titles_of_both_forms() {
        let cases = [
            (r#" {"info":{"title":"Pets"}}"#, "Pets"),
            ("openapi: 3.0.0\ninfo:\n  title: Pets API # nice\n", "Pets API"),
            ("info: {title: 2024}", "2024"),
            (
                "info:\n  title: a\npaths:\n  /x:\n    get:\n      responses:\n        200: {}\n",
                "a",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(title(text.as_bytes()).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_has_no_title_is_a_usage_error() {
        for text in ["{", "{}", "[]", "info: {}", "a: b: c", "{\"info\":{\"title\":\" \"}}", "x"] {
            let error = title(text.as_bytes()).unwrap_err();
            assert_eq!(error.kind.exit_code(), 2, "{text}");
        }
    }

    #[test]
    fn another_title_is_written_into_both_forms() {
        for text in ["{\"info\":{\"title\":\"a\"}}", "info:\n  title: a\npaths: {}\n"] {
            let renamed = with_title(Bytes::from(text), "b").unwrap();
            assert_eq!(title(&renamed).unwrap(), "b");
            assert_eq!(with_title(Bytes::from(text), "a").unwrap(), text, "untouched");
        }
        assert!(with_title(Bytes::from("openapi: 3.0.0"), "b").is_err());
    }

    #[test]
    fn an_empty_file_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(read(file.path()).unwrap_err().to_string().contains("is empty"));
        assert!(read(Path::new("/nonexistent")).is_err());
    }
}
