//! A cluster as the suites see it: answers with everything in them, and the
//! questions that several suites ask.

use std::{process::Output, time::Duration};

use bytes::Bytes;
use gw_testkit::{
    cluster::{Cluster, binary},
    http::{Call, Credentials},
};
use http::{HeaderMap, Method};
use serde_json::Value;

/// How long tests wait for what must come: a machine may stall.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// An answer of the admin API.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body as JSON; `null` if it is none.
    pub json: Value,
    /// The body as text.
    pub body: String,
}

impl Answer {
    /// This answer, if it is of class 2xx.
    ///
    /// # Panics
    /// If it is not, with the body.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, self.body);
        self
    }

    /// A text member of the body.
    ///
    /// # Panics
    /// When it is not there.
    #[track_caller]
    pub fn text(&self, member: &str) -> String {
        let found = self.json[member].as_str();
        found.unwrap_or_else(|| panic!("no {member} in {}", self.body)).to_owned()
    }
}

/// A client of the admin API that takes refusals as answers. As SDKs do, it
/// tries again on a 503, which is also what a call gets whose database a
/// stalled machine keeps waiting.
#[derive(Debug, Clone)]
pub struct Admin {
    url: String,
    credentials: Credentials,
    tries_again: bool,
}

impl Admin {
    /// The same, for whom a 503 is an answer as well.
    pub fn takes_503(&self) -> Self {
        Self { tries_again: false, ..self.clone() }
    }

    /// A call with a JSON body, or none where `body` is empty.
    ///
    /// # Panics
    /// When there is no answer at all.
    pub async fn call(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
        let body = body.into();
        let end = std::time::Instant::now() + PATIENCE;
        loop {
            let answer = self.try_call(method.clone(), path, body.clone()).await;
            let answer = answer.unwrap_or_else(|error| panic!("{path}: {error}"));
            if !self.tries_again || answer.status != 503 || std::time::Instant::now() > end {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// One call, which may find nobody there.
    ///
    /// # Errors
    /// When there is no answer at all.
    pub async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, String> {
        let call = Call::new(method, &format!("{}{path}", self.url))
            .auth(&self.credentials)
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .body(body);
        let answer = call.send().await.map_err(|error| error.to_string())?;
        let json = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let body = answer.text();
        Ok(Answer { status: answer.status, headers: answer.headers, json, body })
    }

    /// A GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, Bytes::new()).await
    }

    /// A POST.
    pub async fn post(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.call(Method::POST, path, body).await
    }
}

/// What suites ask of a cluster.
pub trait System {
    /// A client of the admin API, as the administrator.
    fn client(&self) -> Admin;

    /// The traffic URLs of all nodes.
    fn node_urls(&self) -> Vec<String>;

    /// Waits until every node acknowledged the newest revision.
    fn wait_current(&self) -> impl Future<Output = ()>;

    /// Runs `gwctl` against the cluster.
    fn gwctl(&self, args: &[&str]) -> impl Future<Output = Output>;
}

impl System for Cluster {
    fn client(&self) -> Admin {
        Admin {
            url: self.admin.url.clone(),
            credentials: self.admin.credentials.clone(),
            tries_again: true,
        }
    }

    fn node_urls(&self) -> Vec<String> {
        self.nodes.iter().map(gw_testkit::cluster::Node::url).collect()
    }

    async fn wait_current(&self) {
        let admin = self.client();
        wait_until("every node is current", PATIENCE, async || {
            let fleet = admin.get("/gatewright/v1/fleet").await;
            fleet.json["nodes"].as_array().is_some_and(|nodes| {
                nodes.len() == self.nodes.len() && nodes.iter().all(|n| n["health"] == "current")
            })
        })
        .await;
    }

    async fn gwctl(&self, args: &[&str]) -> Output {
        let home = tempfile::tempdir().expect("a temporary folder");
        let Credentials::Bearer(token) = &self.admin.credentials else {
            panic!("the administrator of a test cluster has a bearer token");
        };
        let file = home.path().join("credentials.json");
        let text = serde_json::json!({"bearer_token": token}).to_string();
        std::fs::write(&file, text).expect("the credentials can be written");
        let mut command = tokio::process::Command::new(binary("gwctl"));
        command
            .args(args)
            .env("GATEWRIGHT_ENDPOINT", &self.admin.url)
            .env("GATEWRIGHT_CREDENTIALS_FILE", &file)
            .env("HOME", home.path())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("AWS_ACCESS_KEY_ID");
        patiently(command).await
    }
}

/// What a `gwctl` says that does as it is told where a stalled machine kept
/// the database waiting: "try again in 1 s".
///
/// # Panics
/// When it cannot be started.
pub async fn patiently(mut gwctl: tokio::process::Command) -> Output {
    let end = std::time::Instant::now() + PATIENCE;
    loop {
        let output = gwctl.output().await.expect("gwctl can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        if !said.contains("the database cannot be reached") || std::time::Instant::now() > end {
            return output;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Waits until `check` says yes, looking every 20 ms.
///
/// # Panics
/// When it has not by the deadline.
pub async fn wait_until(what: &str, deadline: Duration, mut check: impl AsyncFnMut() -> bool) {
    let end = std::time::Instant::now() + deadline;
    while !check().await {
        assert!(std::time::Instant::now() < end, "gave up waiting: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
