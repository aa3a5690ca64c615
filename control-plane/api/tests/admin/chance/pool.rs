//! Ids that there are, so that random calls meet something.

use std::collections::BTreeMap;

use gw_api::Operation;
use serde_json::{Value, json};

use super::{draw::Call, words::PATHS};
use crate::harness::{Admin, Answer};

/// By collection (`resources`, `apikeys`, ...), the oldest first.
#[derive(Debug, Default)]
pub(super) struct Pool {
    ids: BTreeMap<String, Vec<String>>,
    /// The API that most calls are about.
    main: String,
    /// Paths of patches by operation, as refusals list them.
    paths: BTreeMap<&'static str, Vec<String>>,
}

/// How many ids of a kind are remembered.
const KEPT: usize = 12;

impl Pool {
    /// An API with something of every kind that this version makes.
    pub(super) async fn seeded(admin: &Admin) -> Self {
        let mut pool = Self::default();
        let (api, root) = admin.api().await;
        admin.mock_at_root(&api, &root).await;
        let base = format!("/restapis/{api}");
        let deployments = format!("{base}/deployments");
        let made = admin.send("POST", &deployments, json!({"stageName": "prod"})).await.expect(201);
        pool.add("deployments", made["id"].as_str().unwrap());
        let below = format!("{base}/resources/{root}");
        let part = admin.send("POST", &below, json!({"pathPart": "a"})).await.expect(201);
        pool.add("resources", &root);
        pool.add("resources", part["id"].as_str().unwrap());
        for name in ["Empty", "Error"] {
            pool.add("models", name);
        }
        pool.add("stages", "prod");
        pool.beside(admin).await;
        pool.add("restapis", &api);
        pool.main = api;
        pool.learn(admin).await;
        pool
    }

    /// What stands beside APIs; some of it may be there from an earlier seed.
    async fn beside(&mut self, admin: &Admin) {
        let arn = "arn:aws:acm:us-east-1:000000000000:certificate/c";
        for (collection, key, body) in [
            ("apikeys", "id", json!({"name": "k"})),
            ("usageplans", "id", json!({"name": "p"})),
            ("clientcertificates", "clientCertificateId", json!({})),
            (
                "vpclinks",
                "id",
                json!({"name": "l", "targetArns": ["arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/net/n/0123456789abcdef"]}),
            ),
            (
                "domainnames",
                "domainName",
                json!({"domainName": "b.example.com", "certificateArn": arn}),
            ),
        ] {
            let made = admin.send("POST", &format!("/{collection}"), body).await.json();
            self.add(collection, made[key].as_str().unwrap_or("b.example.com"));
        }
    }

    /// Asks each resource for the paths of its patches, by one that none has.
    async fn learn(&mut self, admin: &Admin) {
        for operation in gw_api::OPERATIONS.iter().filter(|one| one.method == "PATCH") {
            let target = self.target(operation, |collection| self.any(collection, 0));
            let mut paths: Vec<String> = PATHS.iter().map(|path| (*path).to_owned()).collect();
            for op in ["replace", "add", "remove"] {
                let patch = json!({"patchOperations": [{"op": op, "path": "/zz/y", "value": "x"}]});
                let (_, _, text) = admin.send("PATCH", &target, patch).await.fault();
                let listed = text.rsplit_once("Must be one of: [");
                let listed = listed.map_or("", |(_, list)| list).trim_end_matches(']');
                paths.extend(
                    listed.split(", ").filter(|path| path.starts_with('/')).map(str::to_owned),
                );
            }
            self.paths.insert(operation.name, paths);
        }
    }

    fn add(&mut self, collection: &str, id: &str) {
        let ids = self.ids.entry(collection.to_owned()).or_default();
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
        if ids.len() > KEPT {
            // The first is what the rest hangs on.
            ids.remove(1);
        }
    }

    /// One of a collection's ids.
    pub(super) fn any(&self, collection: &str, pick: usize) -> String {
        // Half of all calls are about the first.
        match self.ids.get(collection) {
            Some(ids) if pick.is_multiple_of(2) => ids[0].clone(),
            Some(ids) => ids[pick / 2 % ids.len()].clone(),
            None => "zzzzzz".to_owned(),
        }
    }

    /// The paths of an operation's patches.
    pub(super) fn paths(&self, operation: &str) -> &[String] {
        self.paths.get(operation).map_or(&[], Vec::as_slice)
    }

    /// An operation's path with its places filled in by `id`, which is asked by
    /// collection.
    pub(super) fn target(&self, operation: &Operation, id: impl Fn(&str) -> String) -> String {
        let mut target = String::new();
        let mut before = "";
        for segment in operation.path.split('/').skip(1) {
            let text = match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                None => segment.to_owned(),
                Some(place) => id(collection(place, before)),
            };
            let encoded: String =
                percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC)
                    .collect();
            target.push('/');
            target.push_str(&encoded);
            before = segment;
        }
        target
    }

    /// Remembers what a call made, and forgets what it deleted.
    pub(super) fn note(&mut self, operation: &Operation, call: &Call, answer: &Answer) {
        if operation.name == "DeleteRestApi" {
            let gone = call.target.rsplit('/').next().unwrap_or_default();
            let gone = gone.split('?').next().unwrap_or_default();
            self.ids.entry("restapis".to_owned()).or_default().retain(|id| id != gone);
        }
        let made = matches!(operation.method, "POST" | "PUT");
        let place = operation.path.split('/').rfind(|part| !part.starts_with('{'));
        let keys: &[&str] = match place {
            Some("models") => &["name"],
            Some("stages") => &["stageName"],
            Some("versions") => &["version"],
            Some("domainnames") => &["domainName"],
            Some("basepathmappings") => &["basePath"],
            Some("clientcertificates") => &["clientCertificateId"],
            _ => &["id"],
        };
        let body = answer.json();
        let id = keys.iter().find_map(|key| body.get(*key).and_then(Value::as_str));
        if let (true, Some(place), Some(id)) = (made, place, id) {
            // Beside the main API nothing is remembered of any.
            if place == "restapis"
                || call.target.contains(&self.main)
                || !call.target.contains("restapis")
            {
                self.add(place, id);
            }
        }
    }

    /// Whether the API that most calls are about is still there.
    pub(super) fn lives(&self) -> bool {
        self.ids.get("restapis").is_some_and(|ids| ids.contains(&self.main))
    }
}

/// The collection that a place of a path is out of.
fn collection<'a>(place: &'a str, before: &'a str) -> &'a str {
    match place {
        "rest_api" => "restapis",
        "resource" => "resources",
        "key" => "apikeys",
        "stage" => "stages",
        "path" => "basepathmappings",
        "id" => before,
        other => other,
    }
}
