//! CORS as browsers meet it: preflights and the requests behind them, judged
//! by the rules of the Fetch standard, over raw answers of a node.

use gw_testkit::{
    cluster::{Cluster, Options},
    echo::Echo,
    http::{Answer, Call},
};
use gw_tests::{
    document, story,
    system::{Admin, System as _},
};
use http::Method;
use serde_json::{Value, json};

const A: &str = "https://a.example";
const B: &str = "http://localhost:3000";
const EVIL: &str = "https://evil.example";

/// What a page asks its browser for.
struct Page {
    origin: &'static str,
    verb: &'static str,
    headers: &'static [&'static str],
    credentials: bool,
}

const PAGE: Page = Page { origin: A, verb: "GET", headers: &[], credentials: false };

/// The entries of a list header.
fn list(answer: &Answer, name: &str) -> Vec<String> {
    let text = answer.header(name).unwrap_or_default().to_ascii_lowercase();
    text.split(',').map(|e| e.trim().to_owned()).filter(|e| !e.is_empty()).collect()
}

/// The standard's "CORS check" of an answer.
fn may_read(answer: &Answer, page: &Page) -> Result<(), String> {
    let origin = answer.header("access-control-allow-origin");
    if answer.headers.get_all("access-control-allow-origin").iter().count() > 1 {
        return Err("several origins".to_owned());
    }
    let all = origin == Some("*") && !page.credentials;
    if !all && origin != Some(page.origin) {
        return Err(format!("origin {origin:?}"));
    }
    let credentials = answer.header("access-control-allow-credentials");
    if page.credentials && credentials != Some("true") {
        return Err(format!("credentials {credentials:?}"));
    }
    // An answer that differs by origin must say so, or caches mix them up.
    if origin != Some("*") && !list(answer, "vary").contains(&"origin".to_owned()) {
        return Err("no Vary".to_owned());
    }
    Ok(())
}

/// Sends the preflight of a page's request and judges as a browser does.
async fn preflight(url: &str, page: &Page) -> Result<Answer, String> {
    let mut call = Call::new(Method::OPTIONS, url)
        .header("origin", page.origin)
        .header("accept", "*/*")
        .header("sec-fetch-mode", "cors")
        .header("access-control-request-method", page.verb);
    if !page.headers.is_empty() {
        call = call.header("access-control-request-headers", &page.headers.join(","));
    }
    let answer = call.send().await.unwrap();
    may_read(&answer, page)?;
    if !(200..300).contains(&answer.status) {
        return Err(format!("status {}", answer.status));
    }
    let verbs = list(&answer, "access-control-allow-methods");
    let safe = ["GET", "HEAD", "POST"].contains(&page.verb);
    let any = verbs == ["*"] && !page.credentials;
    if !safe && !any && !verbs.contains(&page.verb.to_ascii_lowercase()) {
        return Err(format!("verb among {verbs:?}"));
    }
    let names = list(&answer, "access-control-allow-headers");
    let any = names == ["*"] && !page.credentials;
    for header in page.headers {
        // The star never covers this one.
        let covered = any && *header != "authorization";
        if !covered && !names.contains(&(*header).to_owned()) {
            return Err(format!("header {header} among {names:?}"));
        }
    }
    Ok(answer)
}

/// The request itself.
async fn request(url: &str, page: &Page) -> Answer {
    let verb = Method::from_bytes(page.verb.as_bytes()).unwrap();
    Call::new(verb, url).header("origin", page.origin).send().await.unwrap()
}

fn document(echo: &Echo) -> Value {
    let of = |integration: Value| document::method(&integration);
    let mock = |templates: Value| document::mock_integration(&templates);
    let http = json!({"type": "http", "httpMethod": "GET", "uri": format!("{}/http", echo.url()),
        "responses": {"default": {"statusCode": "200"}}});
    let proxy = json!({"type": "http_proxy", "httpMethod": "ANY",
        "uri": format!("{}/proxy?header=access-control-allow-origin:{B}&header=vary:origin",
            echo.url())});
    document::api(
        "pages",
        &json!({
            "/mock": {
                "get": of(mock(json!({"application/json": "{\"a\":1}"}))),
                "delete": of(mock(json!({})))},
            "/http": {"get": of(http)},
            "/proxy": {"x-amazon-apigateway-any-method": of(proxy)},
        }),
    )
}

async fn gwctl(cluster: &Cluster, args: &[&str]) -> String {
    let out = cluster.gwctl(args).await;
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{args:?}: {told}");
    String::from_utf8(out.stdout).unwrap() + &told
}

async fn deploy(admin: &Admin, api: &str) {
    story::deploy(admin, api, "prod", Value::Null).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_are_let_in_as_the_settings_say() {
    let echo = Echo::start("pages");
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
    let admin = cluster.client();
    let api = story::import(&admin, &document(&echo)).await;
    deploy(&admin, &api).await;
    let node = cluster.nodes[0].url();
    let url = |path: &str| format!("{node}{}", story::path(&api, "prod", path));

    // Without settings nobody from elsewhere reads anything.
    for path in ["/mock", "/http"] {
        assert!(preflight(&url(path), &PAGE).await.is_err());
        assert!(may_read(&request(&url(path), &PAGE).await, &PAGE).is_err());
    }

    // Set, and met once deployed.
    let told = gwctl(&cluster, &["cors", "pages", "--all", "--origins", "*"]).await;
    assert!(told.contains("/proxy ANY: the backend must send"), "{told}");
    assert!(preflight(&url("/mock"), &PAGE).await.is_err(), "the stage is as it was");
    deploy(&admin, &api).await;
    for (path, verb) in
        [("/mock", "GET"), ("/mock", "DELETE"), ("/http", "GET"), ("/proxy", "PATCH")]
    {
        let page = Page { verb, headers: &["content-type", "x-api-key", "authorization"], ..PAGE };
        let answer = preflight(&url(path), &page).await.unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_eq!((answer.status, &*answer.text()), (200, ""), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    let put = Page { verb: "PUT", ..PAGE };
    assert_eq!(
        preflight(&url("/mock"), &put).await.unwrap_err(),
        r#"verb among ["delete", "get", "options"]"#
    );
    let odd = Page { headers: &["x-odd"], ..PAGE };
    assert!(preflight(&url("/mock"), &odd).await.unwrap_err().starts_with("header x-odd"));
    for path in ["/mock", "/http"] {
        let answer = request(&url(path), &PAGE).await;
        assert_eq!((answer.status, may_read(&answer, &PAGE)), (200, Ok(())), "{path}");
    }
    // The star is not for pages that send cookies.
    let cookies = Page { credentials: true, ..PAGE };
    assert!(preflight(&url("/mock"), &cookies).await.is_err());
    // A refusal is not readable, unless that is asked for.
    let nowhere = request(&url("/nowhere"), &PAGE).await;
    assert!(nowhere.status == 403 && may_read(&nowhere, &PAGE).is_err());
    gwctl(&cluster, &["cors", "pages", "--path", "/http", "--origins", "*", "--gateway-responses"])
        .await;
    deploy(&admin, &api).await;
    let nowhere = request(&url("/nowhere"), &PAGE).await;
    assert_eq!((nowhere.status, may_read(&nowhere, &PAGE)), (403, Ok(())));

    several(&cluster, &api, &url).await;

    // Taken away again.
    let told =
        gwctl(&cluster, &["cors", "pages", "--all", "--remove", "--gateway-responses"]).await;
    assert!(!told.contains(A), "{told}");
    deploy(&admin, &api).await;
    for path in ["/mock", "/http"] {
        assert!(preflight(&url(path), &PAGE).await.is_err());
        let answer = request(&url(path), &PAGE).await;
        assert!(answer.status == 200 && may_read(&answer, &PAGE).is_err());
        assert_eq!(answer.header("vary"), None);
    }
    assert!(request(&url("/nowhere"), &PAGE).await.header("access-control-allow-origin").is_none());
}

/// Several origins with credentials: each is told its own name.
async fn several(cluster: &Cluster, api: &str, url: &impl Fn(&str) -> String) {
    let admin = cluster.client();
    let args = [
        "cors",
        "pages",
        "--all",
        "--origins",
        A,
        B,
        "--methods",
        "GET,DELETE",
        "--headers",
        "X-A",
        "--expose-headers",
        "X-Total",
        "--max-age",
        "600",
        "--credentials",
    ];
    let out = gwctl(cluster, &args).await;
    assert!(
        out.contains(&format!("{A},{B}")) && out.contains("DELETE gateway, GET gateway"),
        "{out}"
    );
    deploy(&admin, api).await;
    for origin in [A, B] {
        let page = Page { origin, verb: "DELETE", headers: &["x-a"], credentials: true };
        for path in ["/mock", "/http"] {
            let answer = preflight(&url(path), &page).await;
            let answer = answer.unwrap_or_else(|error| panic!("{origin} {path}: {error}"));
            assert_eq!(answer.header("access-control-max-age"), Some("600"));
            assert_eq!(answer.text(), "");
        }
        for (path, verb) in [("/mock", "GET"), ("/mock", "DELETE"), ("/http", "GET")] {
            let page = Page { origin, verb, headers: &[], credentials: true };
            let answer = request(&url(path), &page).await;
            assert_eq!((answer.status, may_read(&answer, &page)), (200, Ok(())), "{origin} {path}");
            assert_eq!(answer.header("access-control-expose-headers"), Some("X-Total"));
            assert_eq!(answer.header("content-type"), Some("application/json"));
        }
        // What the method says is what it said.
        let page = Page { origin, ..PAGE };
        assert_eq!(request(&url("/mock"), &page).await.json(), json!({"a": 1}));
        assert_eq!(request(&url("/mock"), &Page { verb: "DELETE", ..page }).await.text(), "");
        assert_eq!(request(&url("/http"), &PAGE).await.json()["path"], "/http");
    }
    for origin in [EVIL, "null", "https://a.example.evil.example", "https://xa.example"] {
        let page = Page { origin, credentials: true, ..PAGE };
        assert!(preflight(&url("/mock"), &page).await.is_err(), "{origin}");
        assert!(may_read(&request(&url("/http"), &page).await, &page).is_err(), "{origin}");
    }
    // Clients without an origin are served as ever.
    assert_eq!(Call::get(&url("/mock")).send().await.unwrap().json(), json!({"a": 1}));
    // A backend behind a proxy speaks for itself.
    let page = Page { origin: B, ..PAGE };
    assert_eq!(may_read(&request(&url("/proxy"), &page).await, &page), Ok(()));

    let refused = cluster.gwctl(&["cors", "pages", "--path", "/none", "--origins", "*"]).await;
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{text}");
    assert!(text.contains("no resource `/none`") && text.contains("/http"), "{text}");
    let refused =
        cluster.gwctl(&["cors", "pages", "--all", "--origins", "*", "--credentials"]).await;
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(3) && text.contains("allowCredentials"), "{text}");
}
