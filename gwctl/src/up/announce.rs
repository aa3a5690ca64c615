//! What `up` prints when all is ready.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::files::read_json;
use crate::up::settings::Settings;
use crate::up::state::StateDir;

/// The object that `up --output json` prints. Its members are part of the
/// interface.
#[derive(Debug, Serialize)]
pub(crate) struct Announcement {
    admin_url: String,
    traffic_url: String,
    tls_url: String,
    fleet_address: String,
    node_urls: Vec<String>,
    metrics_urls: Vec<String>,
    /// The Lambda API of `--functions`.
    #[serde(skip_serializing_if = "Option::is_none")]
    functions_url: Option<String>,
    access_key_id: String,
    secret_access_key: String,
    region: String,
    account_id: String,
    state_dir: String,
}

#[derive(Debug, Deserialize)]
struct Credentials {
    access_key_id: String,
    secret_access_key: String,
}

impl Announcement {
    /// What runs in a data directory.
    pub(crate) fn of(state: &StateDir, settings: &Settings) -> Result<Self> {
        let file = state.credentials();
        let credentials: Credentials = read_json(&file)?
            .ok_or_else(|| Error::failed(format!("{} is gone", file.display())))?;
        let http = |port| format!("http://{}", settings.reach(port));
        let region = match settings.region.as_str() {
            // Any region will do for a first call.
            "per-signature" => "us-east-1",
            region => region,
        };
        Ok(Self {
            admin_url: settings.admin_url(),
            traffic_url: http(settings.traffic),
            tls_url: format!("https://{}", settings.reach(settings.tls)),
            fleet_address: settings.reach(settings.fleet).to_string(),
            node_urls: settings.nodes.iter().map(|node| http(node.traffic)).collect(),
            metrics_urls: settings.nodes.iter().map(|node| http(node.metrics)).collect(),
            functions_url: settings.functions_url(),
            access_key_id: credentials.access_key_id,
            secret_access_key: credentials.secret_access_key,
            region: region.to_owned(),
            account_id: settings.account_id.clone(),
            state_dir: state.root().display().to_string(),
        })
    }

    /// The same for people: where things are, without the secret, and what to try.
    pub(crate) fn text(&self) -> String {
        let dir = &self.state_dir;
        let nodes = self.node_urls.join("  ");
        let functions = self.functions_url.as_ref();
        let functions = functions.map_or_else(String::new, |url| format!("functions    {url}\n"));
        format!(
            "Gatewright is ready\n\n\
             admin API    {}\n\
             traffic      {}  (all nodes; TLS at {})\n\
             nodes        {nodes}\n\
             {functions}\
             credentials  {dir}/credentials.json\n\n\
             try:\n  \
             gwctl --state-dir {dir} deploy openapi.yaml --stage dev --wait\n  \
             gwctl --state-dir {dir} status\n  \
             gwctl --state-dir {dir} fleet",
            self.admin_url, self.traffic_url, self.tls_url,
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::up::settings::tests::flags;

    #[test]
    fn people_never_see_the_secret_and_programs_do() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::new(dir.path()).unwrap();
        let ports = ["--admin-port", "0", "--traffic-port", "0", "--fleet-port", "0"];
        let settings = flags(&ports, false).settle(None).unwrap().settings;
        assert!(Announcement::of(&state, &settings).is_err());
        std::fs::write(
            state.credentials(),
            r#"{"access_key_id":"AKIA","secret_access_key":"s3cr3t","bearer_token":"t"}"#,
        )
        .unwrap();
        let announcement = Announcement::of(&state, &settings).unwrap();
        assert!(!announcement.text().contains("s3cr3t"));
        let json = serde_json::to_value(&announcement).unwrap();
        assert_eq!(json["secret_access_key"], "s3cr3t");
        assert_eq!(json["region"], "us-east-1");
        assert_eq!(json["node_urls"].as_array().unwrap().len(), 2);
        assert_ne!(json["traffic_url"], json["node_urls"][0]);
    }
}
