//! `x-amazon-apigateway-documentation`: the documentation parts of a document.

use gw_model::{DocumentationLocation, DocumentationPart};
use serde_json::Value;

use crate::{Variables, document, error::ImportErrors};

/// The name of the extension.
pub const DOCUMENTATION: &str = "x-amazon-apigateway-documentation";

/// What a document says about the API's entities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportedDocumentation {
    /// The name of the exported snapshot; imports do not use it.
    pub version: Option<String>,
    /// The parts, in document order.
    pub parts: Vec<DocumentationPart>,
    /// What is no part, and was left out.
    pub warnings: Vec<String>,
}

/// Reads the documentation of a document and nothing else of it: JSON or YAML.
///
/// # Errors
/// When it is no document at all; the text is then not AWS's.
pub fn parse_documentation(
    bytes: &[u8],
    variables: Option<&Variables>,
) -> Result<ImportedDocumentation, ImportErrors> {
    let value = document::read(bytes, variables)?;
    let root = value
        .as_object()
        .ok_or_else(|| ImportErrors::unreadable("The document is not an object."))?;
    if !root.contains_key("swagger") && !root.contains_key("openapi") {
        return Err(ImportErrors::unreadable("The document names no version of OpenAPI."));
    }
    match root.get(DOCUMENTATION) {
        Some(extension) => Ok(read_documentation(extension)),
        None => Ok(ImportedDocumentation {
            warnings: vec![format!("The document has no {DOCUMENTATION}")],
            ..ImportedDocumentation::default()
        }),
    }
}

/// Reads the extension's value. What is no part becomes a warning.
pub fn read_documentation(extension: &Value) -> ImportedDocumentation {
    let mut out = ImportedDocumentation::default();
    let Some(members) = extension.as_object() else {
        out.warnings.push(format!("{DOCUMENTATION} is not an object"));
        return out;
    };
    out.version = members.get("version").and_then(|version| match version {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    match members.get("documentationParts") {
        Some(Value::Array(parts)) => {
            for (index, value) in parts.iter().enumerate() {
                match part(value) {
                    Ok(part) => out.parts.push(part),
                    Err(reason) => {
                        out.warnings.push(format!("Documentation part {index} ignored: {reason}"));
                    }
                }
            }
        }
        None | Some(Value::Null) => {}
        Some(_) => out.warnings.push("documentationParts is not a list".to_owned()),
    }
    out
}

fn part(value: &Value) -> Result<DocumentationPart, String> {
    let location = value.get("location").ok_or("it has no location")?;
    let location = location_of(location)?;
    location.check().map_err(|error| error.to_string())?;
    let properties = match value.get("properties") {
        Some(Value::Object(members)) => Value::Object(members.clone()).to_string(),
        // Some tools write the text that calls of the management API take.
        Some(Value::String(text)) => match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(_)) => text.clone(),
            _ => return Err("its properties are no JSON object".to_owned()),
        },
        _ => return Err("its properties are no object".to_owned()),
    };
    Ok(DocumentationPart { location, properties })
}

fn location_of(value: &Value) -> Result<DocumentationLocation, String> {
    let members = value.as_object().ok_or("its location is no object")?;
    let text = |name: &str| match members.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        // YAML reads a status code as a number.
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let kind = text("type").ok_or("its location has no type")?;
    let kind = kind.parse().map_err(|error| format!("{error}"))?;
    Ok(DocumentationLocation {
        kind,
        path: text("path"),
        method: text("method"),
        status_code: text("statusCode"),
        name: text("name"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_and_others_told() {
        let document = r#"
swagger: "2.0"
info: {title: t, version: "1"}
x-amazon-apigateway-documentation:
  version: 1.0.3
  documentationParts:
    - location: {type: API}
      properties: {description: API description, info: {version: "3"}}
    - location: {type: RESPONSE, path: /pets, statusCode: 200}
      properties: '{"description": "fine"}'
    - location: {type: RESOURCE, method: GET}
      properties: {}
    - location: {type: PLANET}
      properties: {}
    - location: {type: API}
      properties: nothing
"#;
        let read = parse_documentation(document.as_bytes(), None).unwrap();
        assert_eq!(read.version.as_deref(), Some("1.0.3"));
        let properties: Vec<&str> = read.parts.iter().map(|p| p.properties.as_str()).collect();
        assert_eq!(
            properties,
            [
                r#"{"description":"API description","info":{"version":"3"}}"#,
                r#"{"description": "fine"}"#
            ]
        );
        assert_eq!(read.parts[1].location.status_code.as_deref(), Some("200"));
        assert_eq!(read.warnings.len(), 3, "{:?}", read.warnings);
        assert!(read.warnings[0].starts_with("Documentation part 2 ignored: field 'method'"));
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for bad in ["", "[1]", "{", "a: [", "{\"title\": 1}"] {
            assert!(parse_documentation(bad.as_bytes(), None).is_err(), "{bad}");
        }
        let bare = parse_documentation(br#"{"swagger": "2.0"}"#, None).unwrap();
        assert_eq!((bare.parts.len(), bare.warnings.len()), (0, 1));
    }
}
