//! MOCK integrations: the request template names a status, the status picks a
//! response, the response's template is the body.

use bytes::Bytes;
use gw_model::{Integration, PassthroughBehavior};
use http::{HeaderName, HeaderValue, StatusCode, header};
use regex::{Regex, RegexBuilder};

use gw_model::GatewayResponseType as Type;

use crate::{
    Source, Text, Values,
    api::Headers,
    compile::Limits,
    gateway::{media_type, pick},
};

/// A compiled MOCK integration.
#[derive(Debug)]
pub struct Mock {
    requests: Box<[(Box<str>, Request)]>,
    passthrough: PassthroughBehavior,
    responses: Box<[MockResponse]>,
}

/// What a request template comes to.
#[derive(Debug)]
enum Request {
    /// Always this response; `None` if no response fits the template's status
    /// or it names none.
    Fixed(Option<usize>),
    /// The status is known per request.
    Rendered(Text),
    /// Needs the template engine.
    Refused,
}

/// One integration response.
#[derive(Debug)]
pub struct MockResponse {
    /// Selects it by the status as text; `None` is the default response.
    pattern: Option<Regex>,
    status: StatusCode,
    headers: Headers,
    /// `None` needs the template engine.
    templates: Box<[(Box<str>, Option<Text>)]>,
    /// A header's source needs what is not in this build.
    is_refused: bool,
}

/// A MOCK's answer, complete but for the headers that every answer gets.
#[derive(Debug, PartialEq, Eq)]
pub struct MockAnswer {
    /// The status.
    pub status: StatusCode,
    /// `Content-Type`.
    pub content_type: HeaderValue,
    /// Mapped headers, forbidden names already remapped.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
}

impl Mock {
    /// Compiles; `fault` gets every reason why some requests will fail.
    pub(crate) fn compile(
        declared: &Integration,
        limits: &Limits,
        fault: &mut impl FnMut(String),
    ) -> Self {
        let mut responses = Vec::new();
        for (status, response) in &declared.responses {
            match MockResponse::compile(status, response, limits, fault) {
                Ok(response) => responses.push(response),
                Err(reason) => fault(format!("integration response {status}: {reason}")),
            }
        }
        let mut requests = Vec::new();
        for (media, template) in &declared.request_templates {
            let request = match Text::mapping(template.as_deref().unwrap_or_default()) {
                Err(error) => {
                    fault(format!("request template {media}: {error}"));
                    Request::Refused
                }
                Ok(text) => match text.fixed() {
                    None => Request::Rendered(text),
                    Some(fixed) => {
                        let chosen = status_of(&fixed).and_then(|s| select(&responses, s));
                        if chosen.is_none() {
                            fault(format!(
                                "request template {media}: no statusCode that an integration \
                                 response is there for"
                            ));
                        }
                        Request::Fixed(chosen)
                    }
                },
            };
            requests.push((media.as_str().into(), request));
        }
        if requests.is_empty() {
            fault("no request template, so no statusCode".to_owned());
        }
        Self {
            requests: requests.into(),
            passthrough: declared.passthrough_behavior,
            responses: responses.into(),
        }
    }

    /// The answer to one request.
    ///
    /// # Errors
    /// The gateway response to give instead.
    pub fn answer(&self, values: &dyn Values) -> Result<MockAnswer, Type> {
        let failure = Type::ApiConfigurationError;
        let text = |name| values.header(name).and_then(|v: &HeaderValue| v.to_str().ok());
        let sent = text(&header::CONTENT_TYPE).map_or("application/json", media_type);
        let find = |wanted: &str| {
            let mut all = self.requests.iter();
            all.find(|(media, _)| media.eq_ignore_ascii_case(wanted)).map(|(_, request)| request)
        };
        let chosen = match find(sent).or_else(|| find("$default")) {
            Some(Request::Fixed(chosen)) => *chosen,
            Some(Request::Rendered(text)) => {
                status_of(&text.render(values)).and_then(|s| select(&self.responses, s))
            }
            Some(Request::Refused) => None,
            None => match self.passthrough {
                PassthroughBehavior::Never => return Err(Type::UnsupportedMediaType),
                PassthroughBehavior::WhenNoTemplates if !self.requests.is_empty() => {
                    return Err(Type::UnsupportedMediaType);
                }
                // The client's body would have to name the status.
                _ => None,
            },
        };
        let response = chosen.and_then(|at| self.responses.get(at)).ok_or(failure)?;
        response.answer(values, text(&header::ACCEPT)).ok_or(failure)
    }

    /// Bytes on the heap.
    pub(crate) fn size_bytes(&self) -> usize {
        let responses: usize = self.responses.iter().map(MockResponse::size_bytes).sum();
        size_of::<Self>() + responses + self.requests.len() * 96
    }
}

impl MockResponse {
    fn compile(
        code: &str,
        declared: &gw_model::IntegrationResponse,
        limits: &Limits,
        fault: &mut impl FnMut(String),
    ) -> Result<Self, String> {
        let status = code.parse::<u16>().ok().filter(|status| (200..=599).contains(status));
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        let status = status.ok_or("not a status between 200 and 599")?;
        let pattern = match declared.selection_pattern.as_deref() {
            None | Some("") => None,
            Some(pattern) => Some(whole_match(pattern, limits)?),
        };
        let mut is_refused = false;
        let mut headers = Vec::new();
        for (target, expression) in &declared.response_parameters {
            let Some(name) = target.strip_prefix("method.response.header.") else {
                fault(format!("integration response {code}: {target} is no response header"));
                continue;
            };
            match (name.parse::<HeaderName>(), Source::answer(expression)) {
                (Ok(name), Ok(source)) if !is_refused_header(&name) => {
                    headers.push((remapped(&name), source));
                }
                (Ok(_) | Err(_), Ok(_)) => {
                    fault(format!("integration response {code}: {name} cannot be mapped"));
                    is_refused = true;
                }
                (_, Err(reason)) => {
                    fault(format!("integration response {code}: {reason}"));
                    is_refused = true;
                }
            }
        }
        let mut templates = Vec::new();
        for (media, template) in &declared.response_templates {
            let text = Text::mapping(template.as_deref().unwrap_or_default());
            if let Err(error) = &text {
                fault(format!("integration response {code}, template {media}: {error}"));
            }
            templates.push((media.as_str().into(), text.ok()));
        }
        let (headers, templates) = (headers.into(), templates.into());
        Ok(Self { pattern, status, headers, templates, is_refused })
    }

    fn answer(&self, values: &dyn Values, accept: Option<&str>) -> Option<MockAnswer> {
        if self.is_refused {
            return None;
        }
        let (content_type, body) = match pick(&self.templates, accept) {
            None => (HeaderValue::from_static("application/json"), Bytes::new()),
            Some((media, text)) => {
                (HeaderValue::from_str(media).ok()?, text.as_ref()?.render(values))
            }
        };
        let headers = self.headers.iter().filter_map(|(name, source)| {
            Some((name.clone(), source.value(values)?.into_header()?))
        });
        Some(MockAnswer { status: self.status, content_type, headers: headers.collect(), body })
    }

    fn size_bytes(&self) -> usize {
        let templates = self.templates.iter().map(|(media, text)| {
            media.len() + text.as_ref().map_or(0, Text::size_bytes) + size_of::<(Box<str>, Text)>()
        });
        // A compiled pattern takes a few kilobytes.
        let pattern = if self.pattern.is_some() { 4096 } else { 0 };
        size_of::<Self>() + templates.sum::<usize>() + self.headers.len() * 96 + pattern
    }
}

/// The first response whose pattern is the status, else the default one.
fn select(responses: &[MockResponse], status: u16) -> Option<usize> {
    let text = status.to_string();
    let matches = |response: &MockResponse| {
        response.pattern.as_ref().is_some_and(|pattern| pattern.is_match(&text))
    };
    let own = responses.iter().position(matches);
    own.or_else(|| responses.iter().position(|response| response.pattern.is_none()))
}

/// Compiles a pattern that must match the whole text, as Java's `matches`.
fn whole_match(pattern: &str, limits: &Limits) -> Result<Regex, String> {
    RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(limits.max_regex_bytes)
        .build()
        .map_err(|_| format!("selection pattern {pattern:?} cannot be compiled"))
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

/// Names that a non-proxy response may not set itself.
fn remapped(name: &HeaderName) -> HeaderName {
    match *name {
        header::AUTHORIZATION => HeaderName::from_static("x-amzn-remapped-authorization"),
        header::CONNECTION => HeaderName::from_static("x-amzn-remapped-connection"),
        header::DATE => HeaderName::from_static("x-amzn-remapped-date"),
        header::EXPECT => HeaderName::from_static("x-amzn-remapped-expect"),
        header::HOST => HeaderName::from_static("x-amzn-remapped-host"),
        header::MAX_FORWARDS => HeaderName::from_static("x-amzn-remapped-max-forwards"),
        header::PROXY_AUTHENTICATE => HeaderName::from_static("x-amzn-remapped-proxy-authenticate"),
        header::SERVER => HeaderName::from_static("x-amzn-remapped-server"),
        header::TRAILER => HeaderName::from_static("x-amzn-remapped-trailer"),
        header::UPGRADE => HeaderName::from_static("x-amzn-remapped-upgrade"),
        header::USER_AGENT => HeaderName::from_static("x-amzn-remapped-user-agent"),
        header::WWW_AUTHENTICATE => HeaderName::from_static("x-amzn-remapped-www-authenticate"),
        header::CONTENT_LENGTH => HeaderName::from_static("x-amzn-remapped-content-length"),
        _ if name == "content-md5" => HeaderName::from_static("x-amzn-remapped-content-md5"),
        _ => name.clone(),
    }
}

/// Framing and hop-by-hop names that are ours alone.
fn is_refused_header(name: &HeaderName) -> bool {
    *name == header::TRANSFER_ENCODING || name == "keep-alive" || name == "proxy-connection"
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
