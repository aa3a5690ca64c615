//! What mappings and templates see of a request's headers: the client's, and
//! what the gateway says of where the request came from.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use bytes::Bytes;
use gw_model::{HttpMethod::*, Integration, IntegrationResponse, IntegrationType, Method};
use http_body_util::{Empty, Full};
use support::*;

const MAPPED: [(&str, &str); 4] = [
    ("integration.request.header.x-forwarded-for", "method.request.header.X-Forwarded-For"),
    ("integration.request.header.x-client", "method.request.multivalueheader.X-Forwarded-For"),
    ("integration.request.header.x-proto", "method.request.header.X-Forwarded-Proto"),
    ("integration.request.header.x-trace", "method.request.header.X-Amzn-Trace-Id"),
];

fn http(uri: String, template: Option<&str>) -> Method {
    let mut integration = Integration::of_kind(IntegrationType::Http);
    integration.uri = Some(uri);
    integration.http_method = Some("POST".to_owned());
    integration.request_parameters =
        MAPPED.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    if let Some(template) = template {
        integration
            .request_templates
            .insert("application/json".to_owned(), Some(template.to_owned()));
    }
    integration.responses.insert("200".to_owned(), IntegrationResponse::default());
    Method { integration: Some(integration), ..Method::default() }
}

#[test]
fn mappings_read_the_address_that_the_node_saw() {
    on_core(async {
        let (address, log) = echo().await;
        let proxied = http_proxy(format!("http://{address}/"), &MAPPED);
        let mapped = http(format!("http://{address}/"), None);
        let api = api(vec![("/proxied", Get, proxied), ("/mapped", Get, mapped)]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        for path in ["/proxied", "/mapped"] {
            for (claimed, expected) in
                [(None, "127.0.0.1"), (Some("203.0.113.7"), "203.0.113.7, 127.0.0.1")]
            {
                let mut request = request("GET", path).header("x-forwarded-proto", "gopher");
                if let Some(claimed) = claimed {
                    request = request.header("x-forwarded-for", claimed);
                }
                let request = request.body(Empty::<Bytes>::new()).unwrap();
                assert_eq!(gateway.send(request).await.status, 200, "{path}");
                let seen = log.borrow_mut().pop().unwrap();
                assert_eq!(seen.header("x-forwarded-for"), Some(expected), "{path}");
                assert_eq!(seen.header("x-client"), Some(expected), "{path}");
                assert_eq!(seen.header("x-proto"), Some("http"), "{path}");
                let trace = seen.header("x-amzn-trace-id").unwrap();
                assert!(trace.starts_with("Root=1-"), "{path}: {trace}");
                let root = seen.header("x-trace").unwrap();
                assert_eq!(trace.split(';').next(), Some(root), "{path}: one trace");
            }
        }
    });
}

#[test]
fn templates_list_headers_as_functions_get_them_sorted() {
    on_core(async {
        let (address, log) = echo().await;
        let template = "#foreach($type in $input.params().keySet())$type #end|\
            #foreach($name in $input.params().header.keySet())$name #end|\
            $input.params('X-Forwarded-For')|$input.params().header.get('X-Forwarded-Proto')";
        let method = http(format!("http://{address}/"), Some(template));
        let api = api(vec![("/", Post, method)]);
        let gateway = Gateway::start(vec![stage(&api)]).await;
        // The larger body is mapped by another thread.
        for size in [1, 100_000] {
            let request = request("POST", "/")
                .header("host", "abc.execute-api.localhost")
                .header("x-zebra", "1")
                .header("content-type", "application/json")
                .header("connection", "x-hop")
                .header("x-hop", "1")
                .header("accept", "*/*")
                .header("x-forwarded-for", "203.0.113.7")
                .body(Full::new(Bytes::from(format!("\"{}\"", "x".repeat(size)))))
                .unwrap();
            assert_eq!(gateway.send(request).await.status, 200);
            let seen = log.borrow_mut().pop().unwrap();
            assert_eq!(
                std::str::from_utf8(&seen.body).unwrap(),
                "path querystring header |Accept Content-Type Host X-Amzn-Trace-Id \
                 X-Forwarded-For X-Forwarded-Port X-Forwarded-Proto X-Zebra |\
                 203.0.113.7, 127.0.0.1|http"
            );
        }
    });
}

#[test]
fn who_only_looks_at_the_trace_passes_none_on() {
    on_core(async {
        let listing = mock("200", "$input.params('X-Amzn-Trace-Id')|$input.params().header");
        let gateway = Gateway::start(vec![stage(&api(vec![("/", Get, listing)]))]).await;
        let answer = gateway.get("/").await;
        let (root, _) = answer.text().split_once('|').unwrap();
        // As AWS's events have it: the root alone.
        assert!(root.len() == "Root=1-5e1b4151-5ac6c58dd39aff7a3d5c8ff5".len(), "{root}");
        assert!(root.starts_with("Root=1-"), "{root}");
        assert_eq!(answer.header("x-amzn-trace-id"), None, "a MOCK is told none");
    });
}
