//! The flags of `gw-control-plane`.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use gw_app::{Quota, UnknownCertificates};

/// The control plane of Gatewright: the admin API and the nodes' streams, on Postgres.
#[derive(Debug, Parser)]
#[command(name = "gw-control-plane", version, about)]
pub(crate) struct Args {
    /// Where Postgres is.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: String,

    /// Where the admin API listens; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:9080")]
    pub(crate) admin_listen: SocketAddr,

    /// Where the nodes' streams arrive; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:9081")]
    pub(crate) fleet_listen: SocketAddr,

    /// More names and addresses by which nodes reach this replica.
    #[arg(long)]
    pub(crate) fleet_names: Vec<String>,

    /// A domain under which APIs are served, beside localhost: nodes get a TLS
    /// certificate for execute-api.{suffix} and *.execute-api.{suffix}. Repeat
    /// for several; every replica needs the same ones.
    #[arg(long, value_name = "SUFFIX")]
    pub(crate) domain_suffix: Vec<String>,

    /// What a custom domain gets whose certificate ARN is not in the
    /// certificate store: `issue` one of this installation's own CA (`gwctl
    /// ca` prints it), so that ARNs made for AWS work, or `refuse`.
    #[arg(long, value_name = "issue|refuse", default_value = "issue")]
    pub(crate) unknown_certificates: UnknownCertificates,

    /// How clients reach the nodes, as exported API descriptions tell them:
    /// APIs answer at {api-id}.execute-api.{host}.
    #[arg(long, value_name = "http[s]://HOST[:PORT]", default_value = "http://localhost:8080",
          value_parser = traffic_url)]
    pub(crate) traffic_url: gw_api::TrafficUrl,

    /// The account of every caller, 12 digits.
    #[arg(long, default_value = "000000000000")]
    pub(crate) account_id: String,

    /// One fixed region, or `per-signature`: the region that the caller signed for.
    #[arg(long, default_value = "per-signature")]
    pub(crate) region: String,

    /// The file with the key that seals secrets at rest, 32 bytes in hex; made
    /// at the first start. `GATEWRIGHT_MASTER_KEY` takes its place where set.
    #[arg(long, default_value = "gatewright-master.key")]
    pub(crate) master_key_file: PathBuf,

    /// Where the first start writes the administrator's credentials and each
    /// start a valid join token (readable by the owner only).
    #[arg(long)]
    pub(crate) bootstrap_file: Option<PathBuf>,

    /// Written as soon as calls are served: addresses, process id, replica.
    #[arg(long)]
    pub(crate) ready_file: Option<PathBuf>,

    /// How long a call that makes a release waits for the nodes, in milliseconds.
    #[arg(long, default_value_t = 2000)]
    pub(crate) release_wait_ms: u64,

    /// After this many milliseconds a rollout goes on without nodes that have
    /// not answered.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) rollout_deadline_ms: u64,

    /// A service quota other than the default: `resources-per-api=500`. Repeat
    /// for several; a wrong name tells all there are.
    #[arg(long, value_name = "NAME=NUMBER")]
    pub(crate) quota: Vec<Quota>,

    /// The replica's name; made up at each start unless given.
    #[arg(long)]
    pub(crate) replica: Option<String>,
}

fn traffic_url(text: &str) -> Result<gw_api::TrafficUrl, String> {
    gw_api::TrafficUrl::parse(text).ok_or_else(|| "must be http[s]://HOST[:PORT]".to_owned())
}
