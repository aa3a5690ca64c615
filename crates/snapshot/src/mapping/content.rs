//! Conversion between text and bytes: the two tables of `contentHandling`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use gw_model::ContentHandling;

use super::{BinaryMediaTypes, configuration_error};
use crate::{GatewayError, Values};

/// A body on its way, and whether templates may read it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Payload {
    /// UTF-8.
    Text(Bytes),
    /// Anything.
    Binary(Bytes),
}

/// Converts a client's body that is passed through otherwise.
///
/// # Errors
/// AWS's 500: it is to be bytes, but is not the base64 of any.
pub fn convert_request(
    binary: &BinaryMediaTypes,
    values: &dyn Values,
    body: &Bytes,
    handling: ContentHandling,
) -> Result<Bytes, GatewayError> {
    let is_binary = binary.of_content_type(values);
    let payload = Payload::of_request(body, is_binary, Some(handling));
    let payload = payload.map_err(|_| configuration_error("Unable to base64 decode the body."))?;
    Ok(payload.into_bytes())
}

/// A text that is not the base64 of anything.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotBase64;

impl Payload {
    /// A client's body as the integration gets it.
    pub(super) fn of_request(
        body: &Bytes,
        is_binary: bool,
        handling: Option<ContentHandling>,
    ) -> Result<Self, NotBase64> {
        match (is_binary, handling) {
            (false, None | Some(ContentHandling::ConvertToText)) => Ok(text(body)),
            (false, Some(ContentHandling::ConvertToBinary)) => decoded(body).map(Self::Binary),
            (true, Some(ContentHandling::ConvertToText)) => Ok(encoded(body)),
            (true, None | Some(ContentHandling::ConvertToBinary)) => Ok(Self::Binary(body.clone())),
        }
    }

    /// An integration's body as the client gets it.
    pub(super) fn of_response(
        body: &Bytes,
        is_binary: bool,
        wants_binary: bool,
        handling: Option<ContentHandling>,
    ) -> Result<Self, NotBase64> {
        use ContentHandling::{ConvertToBinary, ConvertToText};
        match (is_binary, wants_binary, handling) {
            (false, false, None) | (false, _, Some(ConvertToText)) => Ok(text(body)),
            (false, true, None) | (false, _, Some(ConvertToBinary)) => {
                decoded(body).map(Self::Binary)
            }
            (true, false, None) | (true, _, Some(ConvertToText)) => Ok(encoded(body)),
            (true, true, None) | (true, _, Some(ConvertToBinary)) => Ok(Self::Binary(body.clone())),
        }
    }

    pub(super) fn into_bytes(self) -> Bytes {
        match self {
            Self::Text(bytes) | Self::Binary(bytes) => bytes,
        }
    }
}

/// As UTF-8; what is not becomes replacement characters.
fn text(body: &Bytes) -> Payload {
    Payload::Text(match std::str::from_utf8(body) {
        Ok(_) => body.clone(),
        Err(_) => Bytes::from(String::from_utf8_lossy(body).into_owned()),
    })
}

fn encoded(body: &Bytes) -> Payload {
    Payload::Text(Bytes::from(STANDARD.encode(body)))
}

/// The bytes that a base64 text stands for. Blank space is left out, and so are
/// the quotes of a JSON string, which is what a Lambda function returns.
pub(super) fn decoded(body: &Bytes) -> Result<Bytes, NotBase64> {
    let text: Vec<u8> = body.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    let text = text.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\"")).unwrap_or(&text);
    STANDARD.decode(text).map(Bytes::from).map_err(|_| NotBase64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ContentHandling::{ConvertToBinary as ToBinary, ConvertToText as ToText};

    const RAW: &[u8] = b"\xff\x00a";
    const BASE64: &[u8] = b"/wBh";

    fn written(payload: Result<Payload, NotBase64>) -> String {
        match payload {
            Ok(Payload::Text(bytes)) => format!("text {bytes:?}"),
            Ok(Payload::Binary(bytes)) => format!("binary {bytes:?}"),
            Err(NotBase64) => "error".to_owned(),
        }
    }

    #[test]
    fn requests() {
        let check = |body: &'static [u8], is_binary, handling, expected: &str| {
            let payload = Payload::of_request(&Bytes::from_static(body), is_binary, handling);
            assert_eq!(written(payload), expected, "{body:?} {is_binary} {handling:?}");
        };
        check(BASE64, false, None, "text b\"/wBh\"");
        check(BASE64, false, Some(ToText), "text b\"/wBh\"");
        check(BASE64, false, Some(ToBinary), "binary b\"\\xff\\0a\"");
        check(b"{}", false, Some(ToBinary), "error");
        check(RAW, false, None, "text b\"\\xef\\xbf\\xbd\\0a\"");
        check(RAW, true, None, "binary b\"\\xff\\0a\"");
        check(RAW, true, Some(ToBinary), "binary b\"\\xff\\0a\"");
        check(RAW, true, Some(ToText), "text b\"/wBh\"");
    }

    #[test]
    fn responses() {
        let check = |body: &'static [u8], binary, wants, handling, expected: &str| {
            let body = Bytes::from_static(body);
            let payload = Payload::of_response(&body, binary, wants, handling);
            assert_eq!(written(payload), expected, "{body:?} {binary} {wants} {handling:?}");
        };
        let (text, bytes) = ("text b\"/wBh\"", "binary b\"\\xff\\0a\"");
        check(BASE64, false, false, None, text);
        check(BASE64, false, false, Some(ToBinary), bytes);
        check(BASE64, false, false, Some(ToText), text);
        check(BASE64, false, true, None, bytes);
        check(BASE64, false, true, Some(ToBinary), bytes);
        check(BASE64, false, true, Some(ToText), text);
        check(RAW, true, false, None, text);
        check(RAW, true, false, Some(ToBinary), bytes);
        check(RAW, true, false, Some(ToText), text);
        check(RAW, true, true, None, bytes);
        check(RAW, true, true, Some(ToBinary), bytes);
        check(RAW, true, true, Some(ToText), text);
        check(b"<html>", false, true, None, "error");
        check(b" \"/wBh\" \n", false, true, None, bytes);
        check(b"", false, true, None, "binary b\"\"");
    }
}
