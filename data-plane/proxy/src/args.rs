//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use gw_upstream::Cidr;

/// A Gatewright data-plane node: serves the APIs of its fleet.
#[derive(Debug, Parser)]
#[command(name = "gw-data-plane", version)]
pub(crate) struct Args {
    /// Name asked for at the first join; the control plane chooses one if absent.
    #[arg(long, env = "GATEWRIGHT_NODE_NAME")]
    pub(crate) node_name: Option<String>,

    /// Folder of identity, keys and the last good world. One process at a time.
    #[arg(long, env = "GATEWRIGHT_STATE_DIR")]
    pub(crate) state_dir: PathBuf,

    /// Control-plane replica; repeat for several.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) control_plane: Vec<String>,

    /// Join token; needed for the first join only.
    #[arg(
        long,
        env = "GATEWRIGHT_JOIN_TOKEN",
        hide_env_values = true,
        conflicts_with = "join_token_file"
    )]
    pub(crate) join_token: Option<String>,

    /// File that holds the join token.
    #[arg(long, value_name = "FILE")]
    pub(crate) join_token_file: Option<PathBuf>,

    /// Address for HTTP/1.1 and HTTP/2 in clear; repeat for several. Nodes may
    /// share a port. [default: 127.0.0.1:8080 unless --tls-listen is given]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Vec<SocketAddr>,

    /// Address for TLS; repeat for several.
    #[arg(long, value_name = "ADDR")]
    pub(crate) tls_listen: Vec<SocketAddr>,

    /// Certificate chain in PEM; read again at SIGHUP. Default is a certificate
    /// of the fleet's CA (`gwctl ca` prints that) for *.execute-api.localhost
    /// and the control plane's domain suffixes.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// Private key in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Address of /metrics, /ready and /live.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9090")]
    pub(crate) metrics_listen: SocketAddr,

    /// Serving threads; 0 means one per processor.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) cores: usize,

    /// Bind each serving thread to a processor.
    #[arg(long)]
    pub(crate) pin_cores: bool,

    /// Suffix of API hosts ({api-id}.execute-api.{suffix}); repeat for
    /// several. Any by default.
    #[arg(long, value_name = "SUFFIX")]
    pub(crate) domain_suffix: Vec<String>,

    /// Largest deployment that this node accepts; it rejects larger ones.
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20)]
    pub(crate) max_deployment_bytes: u64,

    /// Memory that former releases may take to stay compiled.
    #[arg(long, value_name = "BYTES", default_value_t = 256 << 20)]
    pub(crate) compiled_budget_bytes: u64,

    /// Steps that one rendering of a mapping template may take; a request
    /// beyond is answered 500. A step is less than a tenth of a microsecond.
    #[arg(long, value_name = "N", default_value_t = 2_000_000)]
    pub(crate) max_template_steps: u64,

    /// What one rendering of a mapping template may make.
    #[arg(long, value_name = "BYTES", default_value_t = 12 << 20)]
    pub(crate) max_template_bytes: usize,

    /// Largest payload, each way.
    #[arg(long, value_name = "BYTES", default_value_t = 10 << 20)]
    pub(crate) max_payload_bytes: u64,

    /// Memory for bodies that are held as a whole, all threads together;
    /// requests that would need more are answered 503.
    #[arg(long, value_name = "BYTES", default_value_t = 256 << 20)]
    pub(crate) body_budget_bytes: u64,

    /// Threads for templates and compression of large bodies; 0 means one per
    /// processor.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) offload_threads: usize,

    /// Open client connections per serving thread.
    #[arg(long, value_name = "N", default_value_t = 16_384)]
    pub(crate) max_connections: usize,

    /// Add x-gatewright-release to every answer of a stage.
    #[arg(long)]
    pub(crate) expose_release: bool,

    /// Time in which answers ask clients to leave, before sockets close.
    #[arg(long, value_name = "MS", default_value_t = 5_000)]
    pub(crate) drain_delay_ms: u64,

    /// Time for requests in flight after sockets have closed.
    #[arg(long, value_name = "MS", default_value_t = 30_000)]
    pub(crate) drain_deadline_ms: u64,

    /// Written, as JSON, when the node serves.
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,

    /// Network that backends may be in; with any given, all others are denied.
    #[arg(long, value_name = "CIDR")]
    pub(crate) allow_upstream: Vec<Cidr>,

    /// Network that backends may not be in, unless allowed.
    #[arg(long, value_name = "CIDR")]
    pub(crate) deny_upstream: Vec<Cidr>,

    /// PEM file of certificate authorities that HTTPS backends are trusted by,
    /// beside the system's; repeat for several.
    #[arg(long, value_name = "FILE")]
    pub(crate) upstream_ca: Vec<PathBuf>,

    /// File, in TOML or JSON, of the access keys that stand for the roles of
    /// AWS integrations. Without it, the node's own (AWS_ACCESS_KEY_ID and
    /// AWS_SECRET_ACCESS_KEY) stand for every role.
    #[arg(long, value_name = "FILE", env = "GATEWRIGHT_AWS_ROLES")]
    pub(crate) aws_roles: Option<PathBuf>,
}

impl Args {
    /// What deployments and their templates may cost.
    pub(crate) fn compile_limits(&self) -> gw_snapshot::Limits {
        let mut limits = gw_snapshot::Limits::default();
        limits.template.steps = self.max_template_steps;
        limits.template.output_bytes = self.max_template_bytes;
        limits
    }

    /// The addresses for clear text, with the default.
    pub(crate) fn plain(&self) -> Vec<SocketAddr> {
        if self.listen.is_empty() && self.tls_listen.is_empty() {
            vec![SocketAddr::from(([127, 0, 0, 1], 8080))]
        } else {
            self.listen.clone()
        }
    }

    /// The join token, from the command line, the environment or its file.
    pub(crate) fn token(&self) -> std::io::Result<Option<String>> {
        match (&self.join_token, &self.join_token_file) {
            (Some(token), _) => Ok(Some(token.trim().to_owned())),
            (None, Some(file)) => Ok(Some(std::fs::read_to_string(file)?.trim().to_owned())),
            (None, None) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Args;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }
}
