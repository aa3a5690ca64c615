//! The main job by `gwctl`, as the README tells it.

use gw_testkit::cluster::{Cluster, Options};
use gw_tests::{document, story, system::System as _};
use serde_json::Value;

struct Cli<'a> {
    cluster: &'a Cluster,
    folder: tempfile::TempDir,
}

impl<'a> Cli<'a> {
    fn new(cluster: &'a Cluster) -> Self {
        Self { cluster, folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, document: &Value) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, document.to_string()).unwrap();
        path.display().to_string()
    }

    /// Runs a command that must succeed, and reads its JSON.
    async fn json(&self, args: &[&str]) -> Value {
        let out = self.cluster.gwctl(&[args, &["--output", "json"]].concat()).await;
        let stderr = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "gwctl {args:?}: {stderr}");
        serde_json::from_slice(&out.stdout)
            .unwrap_or_else(|_| panic!("{args:?}: {}", String::from_utf8_lossy(&out.stdout)))
    }

    /// Runs a command that must fail with this exit code, and answers its words.
    async fn fails(&self, code: i32, args: &[&str]) -> String {
        let out = self.cluster.gwctl(args).await;
        let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(code), "gwctl {args:?}: {stderr}");
        stderr
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_deploy_that_a_node_rejects_leaves_nothing_behind() {
    let limited = vec!["--max-deployment-bytes".to_owned(), "4000".to_owned()];
    let options = Options { one_node_args: vec![(1, limited)], ..Options::default() };
    let cluster = Cluster::start(options).await;
    let cli = Cli::new(&cluster);
    let large = cli.file("large.json", &document::mock("large", &"x".repeat(8000)));
    let rejected = cli.fails(5, &["deploy", &large, "--stage", "prod", "--wait"]).await;
    assert!(rejected.contains("4000") && rejected.contains("is removed again"), "{rejected}");
    assert_eq!(cli.json(&["apis"]).await, serde_json::json!([]));
    let small = cli.file("small.json", &document::mock("large", "small"));
    cli.json(&["deploy", &small, "--stage", "prod", "--wait"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deploy_canary_promote_and_roll_back() {
    let cluster = Cluster::start(Options::default()).await;
    let cli = Cli::new(&cluster);
    let one = cli.file("one.json", &document::mock("pets", "one"));
    let two = cli.file("two.json", &document::mock("pets", "two"));

    cli.json(&["deploy", &one, "--stage", "prod", "--wait"]).await;
    let apis = cli.json(&["apis"]).await;
    let api = apis[0]["id"].as_str().unwrap().to_owned();
    let path = story::path(&api, "prod", "/");
    story::every_node_answers(&cluster, &path, "one").await;

    // A second deploy of the same title updates that API, a canary first.
    cli.json(&["deploy", &two, "--stage", "prod", "--canary", "100", "--wait"]).await;
    assert_eq!(cli.json(&["apis"]).await.as_array().unwrap().len(), 1);
    story::every_node_answers(&cluster, &path, "two").await;

    let refusal = cli.fails(3, &["deploy", &one, "--stage", "prod"]).await;
    assert!(refusal.contains("promote-canary") && refusal.contains("stop-canary"), "{refusal}");

    cli.json(&["stop-canary", "pets/prod"]).await;
    story::every_node_answers(&cluster, &path, "one").await;
    cli.json(&["deploy", &two, "--stage", "prod", "--canary", "0", "--wait"]).await;
    story::every_node_answers(&cluster, &path, "one").await;
    cli.json(&["promote-canary", "pets/prod"]).await;
    story::every_node_answers(&cluster, &path, "two").await;

    cli.json(&["rollback", "pets/prod", "--to", "1"]).await;
    story::every_node_answers(&cluster, &path, "one").await;

    let history = cli.json(&["history", "pets/prod"]).await;
    let causes: Vec<_> =
        history["releases"].as_array().unwrap().iter().map(|r| r["cause"].clone()).collect();
    assert_eq!(causes[0], "rollback", "{causes:?}");
    assert_eq!(history["desired"], history["serving"]);

    let fleet = cli.json(&["fleet"]).await;
    assert_eq!(fleet["nodes"].as_array().unwrap().len(), 2, "{fleet}");
    cli.fails(3, &["rollback", "pets/prod", "--to", "999"]).await;
    cli.fails(3, &["history", "nosuch/prod"]).await;
    cli.fails(2, &["deploy"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_and_was_not_deployed() {
    let cluster = Cluster::start(Options { nodes: 1, ..Options::default() }).await;
    let admin = cluster.client();
    let api = story::import(&admin, &document::mock("drift", "one")).await;
    story::deploy(&admin, &api, "prod", Value::Null).await.ok();
    let changes = admin.get(&format!("/gatewright/v1/restapis/{api}/changes")).await.ok();
    assert_eq!(changes.json["stages"]["prod"].as_array().map(Vec::len), Some(0), "{changes:?}");

    story::overwrite(&admin, &api, &document::mock("drift", "two")).await;
    let changes = admin.get(&format!("/gatewright/v1/restapis/{api}/changes")).await.ok();
    let entries = changes.json["stages"]["prod"].as_array().unwrap().clone();
    assert!(entries.iter().any(|entry| entry["what"] == "GET /"), "{entries:?}");
    story::every_node_answers(&cluster, &story::path(&api, "prod", "/"), "one").await;

    let audit = admin.get("/gatewright/v1/audit?limit=5").await.ok();
    assert_eq!(audit.json["entries"][0]["operation"], "PutRestApi", "{}", audit.json);
}
