//! Thirty-two clients change one API at once: none loses an update, and the
//! audit log has each call that was taken, no more and no fewer.

use std::collections::{BTreeMap, BTreeSet};

use gw_testkit::cluster::Cluster;
use gw_tests::system::{Admin, System as _};
use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

const CLIENTS: usize = 32;

/// A client of one API that keeps the id of each change that was taken.
struct Client {
    admin: Admin,
    api: String,
    taken: BTreeSet<String>,
}

impl Client {
    async fn change(&mut self, method: Method, path: &str, body: Value) -> Value {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.admin.call(method, path, text).await.ok();
        let id = answer.headers["x-amzn-requestid"].to_str().unwrap().to_owned();
        assert!(self.taken.insert(id), "a request id came twice");
        answer.json
    }

    /// What one client does; what should stay of it.
    async fn work(&mut self, number: usize, root: &str, arn: &str) -> (String, String) {
        let base = format!("/restapis/{}", self.api);
        let create = |name: String| json!({"pathPart": name});
        let below = format!("{base}/resources/{root}");
        let kept = self.change(Method::POST, &below, create(format!("kept{number}"))).await;
        let gone = self.change(Method::POST, &below, create(format!("gone{number}"))).await;
        let (kept, gone) = (kept["id"].as_str().unwrap(), gone["id"].as_str().unwrap());
        let method = format!("{base}/resources/{kept}/methods/GET");
        self.change(Method::PUT, &method, json!({"authorizationType": "NONE"})).await;
        self.change(Method::PUT, &format!("{method}/integration"), json!({"type": "MOCK"})).await;
        self.change(Method::PUT, arn, json!({"tags": {format!("t{number}"): "v"}})).await;
        let patch = |path: &str, value: String| json!({"patchOperations": [{"op": "replace", "path": path, "value": value}]});
        let renamed = patch("/pathPart", format!("renamed{number}"));
        self.change(Method::PATCH, &format!("{base}/resources/{kept}"), renamed).await;
        self.change(Method::PATCH, &method, patch("/operationName", format!("op{number}"))).await;
        let timeout = patch("/timeoutInMillis", (1000 + number).to_string());
        self.change(Method::PATCH, &format!("{method}/integration"), timeout).await;
        // All of them change one method.
        let shared = format!("{base}/resources/{root}/methods/GET");
        let declare = json!({"patchOperations": [{
            "op": "add", "path": format!("/requestParameters/method.request.header.h{number}"), "value": "true",
        }]});
        self.change(Method::PATCH, &shared, declare).await;
        self.change(Method::DELETE, &format!("{base}/resources/{gone}"), Value::Null).await;
        if number % 2 == 1 {
            self.change(Method::DELETE, &format!("{arn}?tagKeys=t{number}"), Value::Null).await;
        }
        let other = format!("{base}/resources/{kept}/methods/POST");
        self.change(Method::PUT, &other, json!({"authorizationType": "NONE"})).await;
        self.change(Method::DELETE, &other, Value::Null).await;
        (kept.to_owned(), format!("/renamed{number}"))
    }
}

/// Every request id of an API's changes, with how often it stands there.
async fn audited(admin: &Admin, api: &str) -> BTreeMap<String, usize> {
    let (mut found, mut position) = (BTreeMap::new(), String::new());
    loop {
        let page = admin.get(&format!("/gatewright/v1/audit?limit=500{position}")).await.ok().json;
        for entry in page["entries"].as_array().unwrap() {
            if entry["resource"].as_str().unwrap().contains(api) {
                *found.entry(entry["requestId"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        let Some(next) = page["position"].as_str() else { return found };
        position = format!("&position={next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_two_clients_lose_no_update_of_one_api() {
    let cluster = Cluster::start(Default::default()).await;
    let admin = cluster.client();
    let made = admin.post("/restapis", json!({"name": "busy"}).to_string()).await.ok();
    let (api, root) = (made.text("id"), made.text("rootResourceId"));
    let client = |taken| Client { admin: admin.clone(), api: api.clone(), taken };
    let first = made.headers["x-amzn-requestid"].to_str().unwrap().to_owned();
    let mut owner = client(BTreeSet::from([first]));
    let shared = format!("/restapis/{api}/resources/{root}/methods/GET");
    owner.change(Method::PUT, &shared, json!({"authorizationType": "NONE"})).await;
    let arn = format!("/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2F{api}");

    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (mut client, root, arn) = (client(BTreeSet::new()), root.clone(), arn.clone());
        clients.spawn(async move {
            let kept = client.work(number, &root, &arn).await;
            (number, kept, client.taken)
        });
    }
    let mut taken = owner.taken;
    let mut paths = BTreeMap::from([(root.clone(), "/".to_owned())]);
    for (_, (id, path), ids) in clients.join_all().await {
        taken.extend(ids);
        paths.insert(id, path);
    }

    let listed = format!("/restapis/{api}/resources?limit=500&embed=methods");
    let listed = admin.get(&listed).await.ok().json["item"].clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found: BTreeMap<_, _> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| (text(&resource["id"]), text(&resource["path"])))
        .collect();
    assert_eq!(found, paths);
    for resource in listed.as_array().unwrap().iter().filter(|one| one["path"] != "/") {
        let number: u64 = text(&resource["path"]).trim_start_matches("/renamed").parse().unwrap();
        let methods = resource["resourceMethods"].as_object().unwrap();
        assert_eq!(methods.len(), 1, "{resource}");
        assert_eq!(methods["GET"]["operationName"], format!("op{number}"));
        assert_eq!(methods["GET"]["methodIntegration"]["timeoutInMillis"], 1000 + number);
    }
    let method = admin.get(&shared).await.ok().json;
    assert_eq!(method["requestParameters"].as_object().unwrap().len(), CLIENTS);
    let tags = admin.get(&format!("/restapis/{api}")).await.ok().json["tags"].clone();
    let expected: BTreeSet<_> =
        (0..CLIENTS).step_by(2).map(|number| format!("t{number}")).collect();
    assert_eq!(tags.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>(), expected);

    let audited = audited(&admin, &api).await;
    assert!(audited.values().all(|times| *times == 1), "{audited:?}");
    assert_eq!(audited.into_keys().collect::<BTreeSet<_>>(), taken);
}
