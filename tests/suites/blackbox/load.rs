//! Changes under load: no failed request, and no answer that mixes two releases.

use std::sync::{Arc, Mutex};

use gw_testkit::{
    cluster::{Cluster, Options},
    echo::Echo,
};
use gw_tests::{
    document,
    load::{Check, Load, Target},
    story,
    system::{Admin, System as _},
};
use http::Method;
use serde_json::{Value, json};

/// What each release must look like: release number -> mark.
type Marks = Arc<Mutex<std::collections::BTreeMap<u64, &'static str>>>;

/// Body, release header and backend of an answer must be of one release.
fn agrees(marks: &Marks) -> Check {
    let marks = marks.clone();
    Arc::new(move |answer| {
        if answer.status() != 200 {
            return Err(format!("{} {:?}", answer.status(), answer.body()));
        }
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let release: u64 = header("x-gatewright-release")
            .and_then(|text| text.parse().ok())
            .ok_or("no release header")?;
        let text = String::from_utf8_lossy(answer.body());
        let found = match serde_json::from_str::<Value>(&text) {
            Ok(echo) => {
                let backend = echo["backend"].as_str().unwrap_or_default().to_owned();
                let path = echo["path"].as_str().unwrap_or_default();
                if path != format!("/{backend}") {
                    return Err(format!("backend {backend} was asked for {path}"));
                }
                backend
            }
            Err(_) => text.into_owned(),
        };
        // A release made a moment ago may be answered before its mark is noted.
        match marks.lock().expect("no test panics here").get(&release) {
            Some(mark) if *mark != found => {
                Err(format!("release {release} is {mark}, but {found} answered"))
            }
            _ => Ok(()),
        }
    })
}

fn release_of(answer: &gw_tests::system::Answer) -> u64 {
    let header = answer.headers.get("x-gatewright-release").map(|v| v.to_str().unwrap().to_owned());
    let number = header.and_then(|text| text.parse().ok());
    number.or_else(|| answer.json["release"]["number"].as_u64()).expect("a release number")
}

struct Subject {
    admin: Admin,
    api: String,
    documents: [(&'static str, Value); 2],
    marks: Marks,
}

impl Subject {
    fn mark(&self, answer: &gw_tests::system::Answer, mark: &'static str) {
        self.marks.lock().unwrap().insert(release_of(answer), mark);
    }

    /// One of deploy, rollback and promote-canary, in turn; every answer of a
    /// node after the call must be of the release that the call made.
    async fn alternate(&self, round: usize) -> &'static str {
        let at = |n: usize| &self.documents[n % 2];
        match round % 3 {
            0 => {
                let (mark, document) = at(round / 3);
                story::overwrite(&self.admin, &self.api, document).await;
                let answer = story::deploy(&self.admin, &self.api, "prod", Value::Null).await.ok();
                self.mark(&answer, mark);
                mark
            }
            1 => {
                // The canary takes nobody; promoting it moves everybody.
                let (mark, document) = at(round / 3 + 1);
                story::overwrite(&self.admin, &self.api, document).await;
                let canary = json!({"canarySettings": {"percentTraffic": 0.0}});
                let answer = story::deploy(&self.admin, &self.api, "prod", canary).await.ok();
                self.mark(&answer, at(round / 3).0);
                let base = format!("/gatewright/v1/restapis/{}/stages/prod", self.api);
                let path = format!("{base}/promote-canary");
                let answer = self.admin.call(Method::POST, &path, "{}").await.ok();
                self.mark(&answer, mark);
                mark
            }
            _ => {
                // The release before the promotion served the other mark.
                let target = self.marks.lock().unwrap().iter().rev().nth(2).map(|(n, _)| *n);
                let body = json!({"to": target.expect("two releases before")}).to_string();
                let mark = self.marks.lock().unwrap()[&target.expect("two releases before")];
                let path = format!("/gatewright/v1/restapis/{}/stages/prod/rollback", self.api);
                let answer = self.admin.call(Method::POST, &path, body).await.ok();
                self.mark(&answer, mark);
                mark
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_alternations() {
    let (a, b) = (Echo::start("a"), Echo::start("b"));
    let cluster = Cluster::start(Options::default()).await;
    let admin = cluster.client();
    let documents = [("a", &a), ("b", &b)].map(|(mark, echo)| {
        (mark, document::proxy("alternations", &format!("{}/{mark}", echo.url()), mark))
    });
    let api = story::import(&admin, &documents[0].1).await;
    let first = story::deploy(&admin, &api, "prod", Value::Null).await.ok();
    let subject = Subject { admin, api: api.clone(), documents, marks: Marks::default() };
    subject.mark(&first, "a");

    let targets: Vec<_> = cluster
        .node_urls()
        .iter()
        .flat_map(|url| {
            ["/proxy", "/mock"].map(|rest| Target::new(url, &story::path(&api, "prod", rest)))
        })
        .collect();
    let load = Load::start(&targets, 2, &agrees(&subject.marks));
    let wrk = Wrk::start(&cluster.node_urls(), &story::path(&api, "prod", "/mock"));
    for round in 0..200 {
        let mark = subject.alternate(round).await;
        for url in cluster.node_urls() {
            let found = story::body(&url, &story::path(&api, "prod", "/mock")).await;
            assert_eq!(found, mark, "round {round}: {url} after the call's answer");
        }
    }
    let outcome = load.stop().await;
    assert_eq!(outcome.bad, 0, "of {}: {:?}", outcome.good, outcome.failures);
    assert!(outcome.good > 1000, "the load ran: {}", outcome.good);
    wrk.finish();
}

/// `wrk` on each node, for as long as the alternations take.
struct Wrk(Vec<std::process::Child>);

impl Wrk {
    fn start(urls: &[String], path: &str) -> Self {
        let runs = urls.iter().filter_map(|url| {
            std::process::Command::new("wrk")
                .args(["-t1", "-c4", "-d600s", &format!("{url}{path}")])
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::null())
                .spawn()
                .ok()
        });
        let runs: Vec<_> = runs.collect();
        if runs.is_empty() {
            gw_testkit::skip::note("wrk beside two_hundred_alternations", "wrk is not installed");
        }
        Self(runs)
    }

    /// Ends the runs early and reads what they saw.
    fn finish(self) {
        for run in self.0 {
            let pid = rustix::process::Pid::from_child(&run);
            rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
            let out = run.wait_with_output().unwrap();
            let text = String::from_utf8_lossy(&out.stdout);
            assert!(text.contains("requests in"), "{text}");
            assert!(!text.contains("Non-2xx") && !text.contains("Socket errors"), "{text}");
        }
    }
}
