//! `TestInvokeMethod`: a request to a method, and what came of it.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use super::Texts;
use crate::{Body, Fault, FromBody};

/// What a line of an execution log has at most, in bytes; AWS cuts it there.
const LINE: usize = 1024;

/// What is said of a line that was cut.
const CUT: &str = " [TRUNCATED]";

/// The largest body of a test call, in bytes.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// The largest number of headers, in both maps together.
const MAX_HEADERS: usize = 1000;

/// The body of `TestInvokeMethod`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestInvokeMethod {
    /// The path behind the stage, with its query.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path_with_query_string: String,
    /// The request's body.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// Headers, one value each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: Texts,
    /// Headers with all their values; they win over `headers`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub multi_value_headers: BTreeMap<String, Vec<String>>,
    /// Stands in for the certificate of a stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_id: Option<String>,
    /// Stand in for those of a stage.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stage_variables: Texts,
}

impl FromBody for TestInvokeMethod {
    const INPUT: &'static str = "testInvokeMethodInput";

    fn read(body: &mut Body) -> Result<Self, Fault> {
        Ok(Self {
            path_with_query_string: body.string("pathWithQueryString")?.unwrap_or_default(),
            body: body.string("body")?.unwrap_or_default(),
            headers: body.string_map("headers")?,
            multi_value_headers: body.string_lists("multiValueHeaders")?,
            client_certificate_id: body
                .string("clientCertificateId")?
                .filter(|text| !text.is_empty()),
            stage_variables: body.string_map("stageVariables")?,
        })
    }
}

impl TestInvokeMethod {
    /// The request's headers, in order of their names. A name in both maps has
    /// the values of the lists, as with answers of functions.
    ///
    /// # Errors
    /// When a name or a value can stand in no request, or the body is larger
    /// than a test call takes.
    pub fn checked_headers(&self) -> Result<Vec<(String, String)>, Fault> {
        if self.body.len() > MAX_BODY {
            return Err(Fault::bad_request(format!(
                "Invalid body specified: a test takes at most {MAX_BODY} bytes"
            )));
        }
        let is_listed = |name: &str| {
            self.multi_value_headers.keys().any(|listed| listed.eq_ignore_ascii_case(name))
        };
        let single = self.headers.iter().filter(|(name, _)| !is_listed(name));
        let many = self
            .multi_value_headers
            .iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        let all: Vec<(String, String)> =
            single.chain(many).map(|(name, value)| (name.clone(), value.clone())).collect();
        if all.len() > MAX_HEADERS {
            return Err(Fault::bad_request(format!(
                "Invalid headers specified: a test takes at most {MAX_HEADERS}"
            )));
        }
        for (name, value) in &all {
            let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
            if name.is_empty() || !name.bytes().all(is_token) {
                return Err(Fault::bad_request(format!("Invalid header name specified: {name}")));
            }
            if value.bytes().any(|b| (b < 0x20 && b != b'\t') || b == 0x7f) {
                return Err(Fault::bad_request(format!(
                    "Invalid value specified for header: {name}"
                )));
            }
        }
        Ok(all)
    }
}

/// What AWS answers to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestInvokeResult {
    /// The status that a client would get.
    pub status: u16,
    /// The body that a client would get, as text.
    pub body: String,
    /// The headers that a client would get; of several values the last.
    pub headers: Texts,
    /// The same with all values.
    pub multi_value_headers: BTreeMap<String, Vec<String>>,
    /// The execution log, a line each.
    pub log: String,
    /// Milliseconds.
    pub latency: u64,
}

/// A log as it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLines {
    /// Cut as AWS cuts them.
    Cut,
    /// Whole.
    Whole,
}

impl TestInvokeResult {
    /// The answer from what a node tells; `stamp` prints a time of the log.
    pub fn new(
        (status, body): (u16, &[u8]),
        headers: impl IntoIterator<Item = (String, Vec<u8>)>,
        latency_ms: u64,
    ) -> Self {
        let mut multi_value_headers = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in headers {
            let value = String::from_utf8_lossy(&value).into_owned();
            multi_value_headers.entry(capitalised(&name)).or_default().push(value);
        }
        let last =
            |(name, values): (&String, &Vec<String>)| Some((name.clone(), values.last()?.clone()));
        Self {
            status,
            body: String::from_utf8_lossy(body).into_owned(),
            headers: multi_value_headers.iter().filter_map(last).collect(),
            multi_value_headers,
            log: String::new(),
            latency: latency_ms,
        }
    }

    /// Adds the execution log of the request `id`: times as they are printed,
    /// and texts.
    #[must_use]
    pub fn with_log(
        mut self,
        id: &str,
        lines: impl IntoIterator<Item = (String, String)>,
        print: LogLines,
    ) -> Self {
        self.log = format!("Execution log for request {id}\n");
        for (at, text) in lines {
            let text = match print {
                LogLines::Cut => cut(&text),
                LogLines::Whole => Cow::Borrowed(text.as_str()),
            };
            self.log.extend([at.as_str(), " : ", &text, "\n"]);
        }
        self
    }
}

/// A line as long as AWS prints it.
fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= LINE {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(LINE - CUT.len());
    Cow::Owned(format!("{}{CUT}", &text[..end]))
}

/// `content-type` as `Content-Type`: on a node header names are small.
fn capitalised(name: &str) -> String {
    if name == "x-amzn-errortype" {
        // AWS's own spelling of its own header.
        return "x-amzn-ErrorType".to_owned();
    }
    let mut up = true;
    let each = name.chars().map(|c| {
        let out = if up { c.to_ascii_uppercase() } else { c };
        up = c == '-';
        out
    });
    each.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn headers_are_checked_and_lists_win() {
        let read = |json: &str| TestInvokeMethod::parse(json.as_bytes())?.checked_headers();
        let headers = read(
            r#"{"headers": {"a": "1", "B": "2"}, "multiValueHeaders": {"A": ["3", "4"]},
                "body": null}"#,
        );
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        assert_eq!(headers.unwrap(), [("B", "2"), ("A", "3"), ("A", "4")].map(own));
        for refused in [
            r#"{"headers": {"a b": "1"}}"#,
            r#"{"headers": {"": "1"}}"#,
            r#"{"headers": {"a": "1\r\nb: 2"}}"#,
            r#"{"headers": {"a": 1}}"#,
            r#"{"headers": ["a"]}"#,
            r#"{"multiValueHeaders": {"a": "1"}}"#,
            r#"{"stageVariables": {"a": {}}}"#,
            r#"{"body": {}}"#,
            r#"[]"#,
        ] {
            assert!(read(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn answers_have_awss_shape() {
        let headers = [
            ("content-type", "a/b"),
            ("x-y", "1"),
            ("x-y", "2"),
            ("x-amzn-errortype", "InternalServerErrorException"),
        ]
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        let lines = || [("Mon".to_owned(), "x".repeat(2000)), ("Tue".to_owned(), "end".to_owned())];
        let result = TestInvokeResult::new((200, b"hi"), headers, 7);
        let cut = result.clone().with_log("id", lines(), LogLines::Cut);
        assert_eq!(cut.headers["Content-Type"], "a/b");
        assert_eq!(cut.headers["X-Y"], "2");
        assert_eq!(cut.headers["x-amzn-ErrorType"], "InternalServerErrorException");
        assert_eq!(cut.multi_value_headers["X-Y"], ["1", "2"]);
        let log: Vec<&str> = cut.log.lines().collect();
        assert_eq!(log[0], "Execution log for request id");
        assert_eq!(log[1].len(), "Mon : ".len() + LINE);
        assert!(log[1].ends_with("x [TRUNCATED]"));
        assert_eq!(log[2], "Tue : end");
        let whole = result.with_log("id", lines(), LogLines::Whole);
        assert!(whole.log.len() > 2000);
    }
}
