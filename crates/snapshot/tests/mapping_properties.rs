//! What holds of mappings whatever is declared and sent.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use bytes::Bytes;
use gw_model::{ContentHandling, HttpMethod, Integration, IntegrationResponse, RestApi};
use gw_snapshot::{CompiledApi, Http, Inbound, MappedRequest, Outcome, Selector, WithBody};
use gw_template::Overrides;
use http::HeaderMap;
use proptest::prelude::*;
use support::*;

fn declared(edit: impl FnOnce(&mut Integration)) -> RestApi {
    api("abc", vec![("/", HttpMethod::Post, http(edit))])
}

fn the_http(api: &CompiledApi) -> &Http {
    match &api.routes().next().unwrap().1.integration {
        gw_snapshot::Integration::Http(http) => http,
        other => panic!("{other:?}"),
    }
}

fn map(api: &CompiledApi, request: &Request, body: &Bytes) -> MappedRequest {
    the_http(api).request.apply(&Inbound { values: request, body }, None).unwrap()
}

fn answer(api: &CompiledApi, selector: Selector<'_>, body: &Bytes) -> (u16, Bytes) {
    let (values, headers) = (&Request::default(), &HeaderMap::new());
    let overrides = &Overrides::default();
    let outcome = Outcome { values, status: 200, headers, body, overrides };
    let mapped = the_http(api).response.apply(selector, &outcome, None).unwrap();
    (mapped.status.as_u16(), mapped.body)
}

proptest! {
    #[test]
    fn bytes_become_text_and_bytes_again(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut binary = declared(|i| i.content_handling = Some(ContentHandling::ConvertToText));
        binary.binary_media_types = vec!["*/*".to_owned()];
        let text = declared(|i| i.content_handling = Some(ContentHandling::ConvertToBinary));
        let (binary, text) = (compiled(&binary), compiled(&text));
        let sent = Bytes::from(body);
        let request = Request::default();
        let encoded = map(&binary, &request, &sent).body;
        prop_assert!(encoded.is_ascii());
        prop_assert_eq!(map(&text, &request, &encoded).body, sent);
    }

    #[test]
    fn what_passes_is_what_came(text in "\\PC{0,100}") {
        let api = compiled(&declared(|i| {
            i.responses.insert("200".to_owned(), IntegrationResponse::default());
        }));
        let sent = Bytes::from(text);
        prop_assert_eq!(&map(&api, &Request::default(), &sent).body, &sent);
        prop_assert_eq!(answer(&api, Selector::Status(200), &sent), (200, sent));
    }

    #[test]
    fn plain_patterns_match_themselves_only(pattern in "[a-zA-Z0-9 _]{1,8}", text in "[a-zA-Z0-9 _]{0,8}") {
        let api = compiled(&declared(|i| {
            let selection_pattern = Some(pattern.clone());
            let own = IntegrationResponse { selection_pattern, ..Default::default() };
            i.responses.insert("400".to_owned(), own);
            i.responses.insert("200".to_owned(), IntegrationResponse::default());
        }));
        let status = |text: &str| answer(&api, Selector::Error(Some(text)), &Bytes::new()).0;
        prop_assert_eq!(status(&pattern), 400);
        prop_assert_eq!(status(&text), if text == pattern { 400 } else { 200 });
    }

    #[test]
    fn a_quoted_pattern_is_its_text(text in "[ -~]{0,12}") {
        prop_assume!(!text.contains("\\E"));
        let api = compiled(&declared(|i| {
            let selection_pattern = Some(format!("\\Q{text}\\E"));
            let own = IntegrationResponse { selection_pattern, ..Default::default() };
            i.responses.insert("400".to_owned(), own);
            i.responses.insert("200".to_owned(), IntegrationResponse::default());
        }));
        let (found, _) = answer(&api, Selector::Error(Some(&text)), &Bytes::new());
        prop_assert_eq!(found, 400);
        let longer = format!("{text}x");
        let (found, _) = answer(&api, Selector::Error(Some(&longer)), &Bytes::new());
        prop_assert_eq!(found, 200);
    }

    #[test]
    fn no_overridden_path_climbs(text in "[a./%2\\\\]{0,12}") {
        let api = compiled(&declared(|i| {
            i.uri = Some("http://b/x/{p}/y".to_owned());
            let template = "#set($context.requestOverride.path.p = $input.params('p'))".to_owned();
            i.request_templates.insert("application/json".to_owned(), Some(template));
        }));
        let leaked: &'static str = Box::leak(text.into_boxed_str());
        let request = Request { query: vec![("p", leaked)], ..Request::default() };
        let mapped = map(&api, &request, &Bytes::new());
        for (_, value) in &mapped.path {
            for segment in value.split('/') {
                let decoded = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
                prop_assert!(decoded == leaked || !matches!(&*decoded, "." | ".."), "{}", value);
                prop_assert!(!matches!(segment, "." | ".."), "{}", value);
            }
        }
    }

    #[test]
    fn any_body_is_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..60)) {
        let body = Bytes::from(body);
        let _ = WithBody::read(&Request::default(), &body);
        let text = String::from_utf8_lossy(&body).trim_ascii().to_owned();
        let is_plain = !text.starts_with(['{', '[', '"', '\'']);
        if is_plain {
            prop_assert!(WithBody::read(&Request::default(), &body).is_ok());
        }
    }
}
