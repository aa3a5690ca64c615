//! What AWS refuses when a method or an integration is put, in its words. The
//! admin API's creations and patches, the import of documents and the use
//! cases share these rules; each turns the text into an error of its own.
//!
//! Here stand the rules that need no look at other rows; whether a model, a
//! validator or an authorizer exists is for those who can read them.

mod authorizer;
mod gateway_response;
mod integration;
mod mapping;
mod method;
mod place;
mod schema;

pub use authorizer::{
    AUTHORIZER_TYPES, DEFAULT_RESULT_TTL_SECONDS, MAX_RESULT_TTL_SECONDS, authorizer, bad_ttl,
};
pub use gateway_response::gateway_response;
pub use integration::{
    MIN_TIMEOUT_MS, integration, integration_response, is_http_uri, timeout_ms, timeout_within,
    undeclared_headers, undeclared_sources,
};
pub use mapping::undeclared;
pub use method::{NO_AUTHORIZER, method, method_response, response_header};
pub use place::{BAD_PATH_PART, MAX_PATH_CHARS, place};
pub use schema::{model_references, schema, unknown_reference};

/// What became of a check: AWS's text for the first rule that is broken.
pub type Checked = Result<(), String>;

/// AWS's frame around faults of mappings, templates and models.
pub fn validation_result(error: &str) -> String {
    format!("Validation Result: warnings : [], errors : [{error}]")
}

/// Whether a text has the form of a media type.
pub fn is_media_type(text: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    let essence = text.split(';').next().unwrap_or_default().trim();
    essence.split_once('/').is_some_and(|(main, sub)| token(main) && token(sub))
}

/// A key of models or templates: a media type, or `$default`, AWS's catch-all.
///
/// # Errors
/// When it is neither.
pub fn media_type(text: &str) -> Checked {
    if is_media_type(text) || text == "$default" {
        return Ok(());
    }
    Err(validation_result(&format!("Invalid content type specified: {text}")))
}

/// Whether a text is a status code that responses can have: three digits,
/// from 100 to 599.
pub fn is_status_code(text: &str) -> bool {
    text.len() == 3
        && matches!(text.as_bytes()[0], b'1'..=b'5')
        && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A status code as responses are keyed by it.
///
/// # Errors
/// When it is none.
pub fn status_code(text: &str) -> Checked {
    if is_status_code(text) {
        Ok(())
    } else {
        Err(format!("Invalid response status code specified: {text}"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn media_types_and_statuses() {
        for fine in ["application/json", "image/*", "a/b; charset=utf-8", "$default"] {
            assert_eq!(media_type(fine), Ok(()), "{fine}");
        }
        for bad in ["", "json", "a/", "/b", "a b/c", "a/b/c", "123"] {
            let text = media_type(bad).unwrap_err();
            assert!(text.ends_with(&format!("[Invalid content type specified: {bad}]")), "{text}");
        }
        for (text, fine) in [("200", true), ("599", true), ("99", false), ("600", false)] {
            assert_eq!(status_code(text).is_ok(), fine, "{text}");
        }
        assert!(status_code("2é").is_err());
        assert!(status_code("+20").is_err());
    }
}
