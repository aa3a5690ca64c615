//! Plain references.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::borrow::Cow;

use http::{HeaderName, HeaderValue};

use super::*;

struct Fixed;

impl Values for Fixed {
    fn context(&self, variable: ContextVar) -> Option<Cow<'_, str>> {
        (variable != ContextVar::UserAgent).then(|| Cow::Owned(format!("<{}>", variable.as_str())))
    }

    fn stage_variable(&self, name: &str) -> Option<&str> {
        (name == "color").then_some("blue")
    }

    fn header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        static VALUE: HeaderValue = HeaderValue::from_static("h");
        (name == "x-a").then_some(&VALUE)
    }

    fn header_list(&self, _: &HeaderName) -> Option<Cow<'_, str>> {
        None
    }

    fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        (name == "q").then_some(Cow::Borrowed("query"))
    }

    fn query_list(&self, _: &str, _: &mut dyn FnMut(&str)) {}

    fn path(&self, name: &str) -> Option<&str> {
        (name == "id").then_some("7")
    }
}

fn render(text: &Text) -> String {
    String::from_utf8(text.render(&Fixed).to_vec()).unwrap()
}

#[test]
fn gateway_response_templates() {
    let check = |template: &str, expected: &str| {
        assert_eq!(render(&Text::plain(template)), expected, "{template}");
    };
    check("", "");
    check("plain", "plain");
    check(r#"{"message":$context.error.messageString}"#, r#"{"message":<error.messageString>}"#);
    check("$context.requestId.", "<requestId>.");
    check("${context.requestId}x$!{context.stage}", "<requestId>x<stage>");
    check("$context.identity.userAgent|", "|");
    check("$context.authorizer.claims|", "|");
    check("$stageVariables.color|", "blue|");
    check("${stageVariables.color} $stageVariables.none.", "blue .");
    check("$method.request.header.X-A/$method.request.path.id", "h/7");
    check("$method.request.querystring.q", "query");
    check("#set($x = 1) $x $input.body $5 $$ $", "#set($x = 1) $x $input.body $5 $$ $");
    check("${context.requestId", "${context.requestId");
    check("é$context.stageé", "é<stage>é");
}

#[test]
fn fixed_text_is_shared() {
    let text = Text::plain("some text");
    assert_eq!(text.fixed().unwrap().as_ptr(), text.fixed().unwrap().as_ptr());
    assert!(Text::plain("$context.stage").fixed().is_none());
}
