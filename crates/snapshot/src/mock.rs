//! MOCK integrations: the mapped request names a status, the status picks a
//! response, the response's template is the body.

use std::sync::Arc;

use bytes::Bytes;
use gw_model::{GatewayResponseType as Type, Integration};
use gw_template::Overrides;
use http::HeaderMap;

use crate::{
    BinaryMediaTypes, GatewayError, Inbound, MappedResponse, Outcome, Record, RequestMapping,
    ResponseMapping, Selector, compile::Limits,
};

/// A compiled MOCK integration.
#[derive(Debug)]
pub struct Mock {
    request: RequestMapping,
    response: ResponseMapping,
    /// By request template: the response that its text leads to, where both
    /// are the same for every request.
    fixed: Box<[Option<usize>]>,
    reads_body: bool,
}

impl Mock {
    /// Compiles; `fault` gets every reason why some requests will fail.
    pub(crate) fn compile(
        declared: &Integration,
        binary: &Arc<BinaryMediaTypes>,
        limits: &Limits,
        fault: &mut dyn FnMut(String),
    ) -> Self {
        let response = ResponseMapping::compile(declared, binary, limits, fault);
        let request = RequestMapping::compile(declared, binary, limits, fault);
        let mut fixed = Vec::new();
        for (media, text) in request.fixed() {
            let chosen = text.map(|text| status_of(text).and_then(|s| response.position(s)));
            if chosen == Some(None) {
                fault(format!(
                    "request template {media}: no statusCode that an integration response is \
                     there for"
                ));
            }
            fixed.push(chosen.flatten());
        }
        if fixed.is_empty() {
            fault("no request template, so no statusCode".to_owned());
        }
        let reads_body = request.reads_body();
        Self { request, response, fixed: fixed.into(), reads_body }
    }

    /// Whether a request's body makes a difference to the answer.
    pub fn needs_body(&self) -> bool {
        self.reads_body
    }

    /// The answer to one request.
    ///
    /// # Errors
    /// The gateway response to give instead.
    pub fn answer(
        &self,
        inbound: &Inbound<'_>,
        mut record: Option<&mut dyn Record>,
    ) -> Result<MappedResponse, GatewayError> {
        let (headers, body) = (HeaderMap::new(), Bytes::new());
        let values = inbound.values;
        let outcome = |status, overrides| Outcome {
            values,
            status,
            headers: &headers,
            body: &body,
            overrides,
        };
        if record.is_none()
            && let Some(chosen) = self.request.plain_choice(values)
            && let Some(Some(response)) = self.fixed.get(chosen)
        {
            let overrides = Overrides::default();
            return self.response.apply_at(*response, &outcome(200, &overrides));
        }
        let mapped = match &mut record {
            None => self.request.apply(inbound, None),
            Some(record) => self.request.apply(inbound, Some(&mut **record)),
        }?;
        let status = status_of(&mapped.body).ok_or_else(|| {
            GatewayError::of(Type::ApiConfigurationError).with_log(
                "Execution failed due to configuration error: Unable to parse statusCode. It \
                 should be an integer that is defined in the request template.",
            )
        })?;
        let outcome = outcome(status, &mapped.overrides);
        self.response.apply(Selector::Status(status), &outcome, record)
    }

    /// Bytes on the heap.
    pub(crate) fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.request.size_bytes() + self.response.size_bytes()
    }
}

/// The integer that a lenient JSON object gives for `statusCode`: keys may
/// stand without quotes or in single ones, as AWS accepts.
fn status_of(text: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
        let status = value.get("statusCode")?;
        let number = status.as_u64().or_else(|| status.as_str()?.trim().parse().ok())?;
        return u16::try_from(number).ok();
    }
    // Not strict JSON: look for the key at the top level.
    let (mut depth, mut quote) = (0_u32, None);
    let mut start = 0;
    let mut members = Vec::new();
    for (at, c) in inner.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth = depth.checked_sub(1)?,
            (None, ',') if depth == 0 => {
                members.push(inner.get(start..at)?);
                start = at + 1;
            }
            _ => {}
        }
    }
    members.push(inner.get(start..)?);
    let bare = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
    members.iter().find_map(|member| {
        let (key, value) = member.split_once(':')?;
        if bare(key) == "statusCode" { bare(value).parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_of_templates() {
        let check = |text: &str, expected: Option<u16>| {
            assert_eq!(status_of(text.as_bytes()), expected, "{text}");
        };
        check(r#"{"statusCode": 200}"#, Some(200));
        check(r#"{"statusCode": "201"}"#, Some(201));
        check("{statusCode: 200}", Some(200));
        check("{ 'statusCode' : 404 , x: {a: 1, statusCode: 5} }", Some(404));
        check("{x: {statusCode: 5}}", None);
        check("{x: 'a,statusCode:1', \"statusCode\":302,}", Some(302));
        check("{statusCode: abc}", None);
        check("{\"statusCode\": 99999}", None);
        check("{}", None);
        check("", None);
        check("{", None);
        check("[]", None);
        check("{]}", None);
    }
}
