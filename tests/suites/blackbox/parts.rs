//! Request validators and gateway responses, as calls make them and as nodes
//! keep them.

use gw_testkit::cluster::{Cluster, Options};
use gw_tests::{
    load, story,
    system::{Admin, System as _},
};
use http::Method;
use serde_json::{Value, json};

/// An API that is made call by call.
struct Made<'a> {
    admin: &'a Admin,
    api: String,
    root: String,
}

impl<'a> Made<'a> {
    async fn new(admin: &'a Admin) -> Self {
        let api = admin.post("/restapis", json!({"name": "parts"}).to_string()).await.ok();
        Self { admin, api: api.text("id"), root: api.text("rootResourceId") }
    }

    async fn put(&self, path: &str, body: Value) {
        let path = format!("/restapis/{}{path}", self.api);
        self.admin.call(Method::PUT, &path, body.to_string()).await.ok();
    }

    async fn patch(&self, path: &str, at: &str, value: &str) {
        let path = format!("/restapis/{}{path}", self.api);
        let operation = json!({"op": "replace", "path": at, "value": value});
        let body = json!({"patchOperations": [operation]});
        self.admin.call(Method::PATCH, &path, body.to_string()).await.ok();
    }

    /// A method at `/` that the gateway answers itself.
    async fn mock(&self, verb: &str, method: Value) {
        let base = format!("/resources/{}/methods/{verb}", self.root);
        self.put(&base, method).await;
        self.put(&format!("{base}/responses/200"), json!({})).await;
        let templates = json!({"application/json": "{\"statusCode\": 200}"});
        let mock = json!({"type": "MOCK", "requestTemplates": templates});
        self.put(&format!("{base}/integration"), mock).await;
        let answer = json!({"responseTemplates": {"application/json": "fine"}});
        self.put(&format!("{base}/integration/responses/200"), answer).await;
    }

    async fn deploy(&self) {
        story::deploy(self.admin, &self.api, "s", Value::Null).await.ok();
    }

    /// Status, `x-why` and body on every node, which all say the same.
    async fn seen(&self, cluster: &Cluster, rest: &str) -> (u16, String, String) {
        let path = story::path(&self.api, "s", rest);
        let mut all = Vec::new();
        for url in cluster.node_urls() {
            let answer = load::get(&url, &path).await.unwrap();
            let why = answer.headers().get("x-why").map_or("", |why| why.to_str().unwrap());
            let body = String::from_utf8_lossy(answer.body()).into_owned();
            all.push((answer.status().as_u16(), why.to_owned(), body));
        }
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{all:?}");
        all.pop().unwrap()
    }
}

fn saw(status: u16, why: &str, body: &str) -> (u16, String, String) {
    (status, why.to_owned(), body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn validators_and_gateway_responses_as_nodes_keep_them() {
    let cluster = Cluster::start(Options::default()).await;
    let admin = cluster.client();
    let made = Made::new(&admin).await;
    let base = format!("/restapis/{}", made.api);
    let validator = json!({"name": "v", "validateRequestParameters": true}).to_string();
    let validators = format!("{base}/requestvalidators");
    let validator = admin.post(&validators, validator).await.ok().text("id");
    made.mock(
        "GET",
        json!({
            "authorizationType": "NONE", "requestValidatorId": validator,
            "requestParameters": {"method.request.querystring.q": true},
        }),
    )
    .await;
    made.deploy().await;
    let refused = made.seen(&cluster, "/").await;
    assert_eq!(refused.0, 400, "{refused:?}");
    assert!(refused.2.contains("Missing required request parameters: [q]"), "{refused:?}");
    assert_eq!(made.seen(&cluster, "/?q=1").await, saw(200, "", "fine"));

    // What is put shows once it is deployed, with status, header and template.
    let template =
        "{\"why\":$context.error.messageString,\"type\":\"$context.error.responseType\"}";
    let why = json!({"gatewayresponse.header.X-Why": "'no q'"});
    let custom = json!({
        "statusCode": "422", "responseParameters": why,
        "responseTemplates": {"application/json": template},
    });
    made.put("/gatewayresponses/BAD_REQUEST_PARAMETERS", custom).await;
    let of_class = json!({"responseParameters": {"gatewayresponse.header.X-Why": "'client'"}});
    made.put("/gatewayresponses/DEFAULT_4XX", of_class).await;
    assert_eq!(made.seen(&cluster, "/").await, refused);
    made.deploy().await;
    let body = "{\"why\":\"Missing required request parameters: [q]\",\
                \"type\":\"BAD_REQUEST_PARAMETERS\"}";
    assert_eq!(made.seen(&cluster, "/").await, saw(422, "no q", body));
    let unknown = saw(403, "client", "{\"message\":\"Missing Authentication Token\"}");
    assert_eq!(made.seen(&cluster, "/nothing").await, unknown);

    // Patched, and made what is built in again.
    made.patch("/gatewayresponses/BAD_REQUEST_PARAMETERS", "/statusCode", "418").await;
    let class = format!("{base}/gatewayresponses/DEFAULT_4XX");
    admin.call(Method::DELETE, &class, "").await.ok();
    made.deploy().await;
    assert_eq!(made.seen(&cluster, "/").await, saw(418, "no q", body));
    assert_eq!(made.seen(&cluster, "/nothing").await, saw(403, "", &unknown.2));

    // A validator that is switched off lets everything pass.
    made.patch(&format!("/requestvalidators/{validator}"), "/validateRequestParameters", "false")
        .await;
    made.deploy().await;
    assert_eq!(made.seen(&cluster, "/").await, saw(200, "", "fine"));
}
