//! The command line as the parser sees it: a dumb description, resolved later.

mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use self::values::{StageRef, account_id};
use self::values::{backend, percent, stage_name};
use crate::commands::{CorsArgs, TemplateCommand, TestInvokeArgs};
use crate::functions::FunctionsCommand;
use crate::output::Format;
use crate::up::UpArgs;

/// The command line of Gatewright: Amazon API Gateway that you run yourself
#[derive(Debug, Parser)]
#[command(name = "gwctl", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 refused by the server, \
    4 unreachable or unavailable, 5 rejected by a node, 6 timed out waiting.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// How to print data
    #[arg(long, short, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) output: Format,
    /// Keep progress and notes to yourself
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// The data directory of `gwctl up`: its endpoint and credentials are used
    #[arg(long, global = true, value_name = "DIR", env = "GATEWRIGHT_STATE_DIR")]
    pub(crate) state_dir: Option<PathBuf>,
    /// A profile of the config file
    #[arg(long, global = true, value_name = "NAME", env = "GATEWRIGHT_PROFILE")]
    pub(crate) profile: Option<String>,
    /// The admin API, http://HOST:PORT
    #[arg(long, global = true, value_name = "URL", env = "GATEWRIGHT_ENDPOINT")]
    pub(crate) endpoint: Option<String>,
    /// A JSON file with `bearer_token`, or `access_key_id` and `secret_access_key`
    #[arg(long, global = true, value_name = "FILE", env = "GATEWRIGHT_CREDENTIALS_FILE")]
    pub(crate) credentials_file: Option<PathBuf>,
    /// The region of signed calls [env: AWS_REGION]; for `up` the only region there is
    #[arg(long, global = true, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

/// All commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start Postgres, the control plane and nodes on this machine
    Up(Box<UpArgs>),
    /// Stop what `up` started
    Down(DownArgs),
    /// Show what the parts of `up` log
    Logs(LogsArgs),
    /// Put an OpenAPI document into an API and deploy it to a stage
    Deploy(DeployArgs),
    /// Go back to a former release of a stage
    Rollback(RollbackArgs),
    /// Make a stage's canary its deployment
    PromoteCanary(ChangeArgs),
    /// Take a stage's canary away
    StopCanary(ChangeArgs),
    /// Show the releases of a stage, newest first
    History(HistoryArgs),
    /// Show the stages of all APIs, or one stage with its receipts
    Status(StatusArgs),
    /// Show what differs between working copy, stages and deployments
    Diff(DiffArgs),
    /// Show all nodes and where each stands
    Fleet,
    /// Act on one node
    #[command(subcommand)]
    Nodes(NodesCommand),
    /// List the REST APIs
    Apis,
    /// Show who changed what, newest first
    Audit(AuditArgs),
    /// Make a token with which a node joins the fleet
    JoinToken(JoinTokenArgs),
    /// Manage the certificates that custom domains name by ARN
    #[command(subcommand)]
    Certificates(CertificatesCommand),
    /// Manage which addresses stand for the load balancers of VPC links
    #[command(subcommand)]
    VpcTargets(VpcTargetsCommand),
    /// Show or set who may call an API from pages of other origins
    Cors(CorsArgs),
    /// Call a method as it is declared now, deployed or not, and show each step
    TestInvoke(Box<TestInvokeArgs>),
    /// Try mapping templates and JSONPath here, without a server
    #[command(subcommand)]
    Template(TemplateCommand),
    /// Run Lambda functions on this machine, and call them
    #[command(subcommand)]
    Functions(FunctionsCommand),
    /// Print the CAs of the nodes' TLS listeners, as `curl --cacert` wants them
    Ca,
    /// Show as whom the server sees you
    Whoami,
    /// Manage the endpoints that this gwctl knows
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DownArgs {
    /// Seconds until what still runs is killed
    #[arg(long, value_name = "SECONDS", default_value_t = 75)]
    pub(crate) deadline: u64,
}

#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// supervisor, postgres, control-plane, functions or a node such as n1; all by default
    pub(crate) part: Option<String>,
    /// Go on as lines arrive
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// Start with this many lines of each part
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50)]
    pub(crate) lines: usize,
}

#[derive(Debug, Args)]
pub(crate) struct DeployArgs {
    /// An OpenAPI 3.x or Swagger 2.0 document, JSON or YAML; `-` is standard input
    pub(crate) file: PathBuf,
    /// The API, by id or name; the document's title by default
    #[arg(long, value_name = "NAME|ID")]
    pub(crate) api: Option<String>,
    /// The stage to deploy to; made where absent
    #[arg(long, value_parser = stage_name)]
    pub(crate) stage: String,
    /// Where operations without an integration go, instead of the document's server
    #[arg(long, value_name = "URL", value_parser = backend)]
    pub(crate) backend: Option<String>,
    /// Deploy as the stage's canary with this share of requests
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub(crate) canary: Option<f64>,
    /// A text that history shows
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// Deploy although some routes will answer with an error
    #[arg(long)]
    pub(crate) lenient: bool,
    /// Wait until every connected node has answered
    #[arg(long)]
    pub(crate) wait: bool,
    /// Seconds that --wait waits
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) timeout: u64,
    /// Show each adaptation of the document and each warning, not only a summary
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// The stage, as API/STAGE
    pub(crate) stage: StageRef,
    /// The release to restore; by default the last one that served something else
    #[arg(long, value_name = "RELEASE")]
    pub(crate) to: Option<u64>,
    /// Restore throttles, logs, cache and certificate too
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ChangeArgs {
    /// The stage, as API/STAGE
    pub(crate) stage: StageRef,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct WaitArgs {
    /// Do nothing unless the stage's desired release is this one
    #[arg(long, value_name = "RELEASE")]
    pub(crate) expected_release: Option<u64>,
    /// Seconds to wait for the receipts; 0 does not wait
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) timeout: u64,
}

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The stage, as API/STAGE
    pub(crate) stage: StageRef,
    /// How many releases at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = 25)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// One stage, as API/STAGE
    pub(crate) stage: Option<StageRef>,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// API or API/STAGE; alone it compares the working copy with what is deployed
    pub(crate) subject: String,
    /// A deployment's id, stage:NAME, canary:NAME or working
    #[arg(long, value_name = "REF")]
    pub(crate) from: Option<String>,
    /// As --from; `working` by default
    #[arg(long, value_name = "REF")]
    pub(crate) to: Option<String>,
    /// Exit with 1 when there is a difference
    #[arg(long)]
    pub(crate) exit_code: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NodesCommand {
    /// Show what a node says of itself
    Show(NodeArgs),
    /// Take a node out of the vote on releases
    Cordon(NodeArgs),
    /// Let a node vote again
    Uncordon(NodeArgs),
    /// Let a node finish its requests and take no new connections
    Drain(NodeArgs),
    /// Forget a node that is gone; it is back by itself should it connect again
    Forget(NodeArgs),
}

#[derive(Debug, Args)]
pub(crate) struct NodeArgs {
    /// The node's id, as `gwctl fleet` shows it
    pub(crate) node: String,
}

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// How many entries at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = 25)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct JoinTokenArgs {
    /// How many nodes may use it
    #[arg(long, value_name = "N")]
    pub(crate) uses: Option<u32>,
    /// Seconds until it expires
    #[arg(long, value_name = "SECONDS")]
    pub(crate) ttl: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CertificatesCommand {
    /// Import a certificate with its key; prints the ARN
    Import(ImportCertificateArgs),
    /// List the certificates of the account
    List,
    /// Print a certificate and its chain
    Show {
        /// Its ARN
        arn: String,
    },
    /// Delete a certificate that no custom domain names
    Delete {
        /// Its ARN
        arn: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ImportCertificateArgs {
    /// The certificate, PEM; what leads to its root may follow it
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: PathBuf,
    /// Its private key, PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// What leads to its root, PEM, where that stands apart
    #[arg(long, value_name = "FILE")]
    pub(crate) chain: Option<PathBuf>,
    /// Import under this ARN: to renew a certificate, or to give one to the
    /// ARN that custom domains name already
    #[arg(long, value_name = "ARN")]
    pub(crate) arn: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VpcTargetsCommand {
    /// List the targets
    List,
    /// Set the addresses of a target, in place of any former ones
    Set {
        /// The load balancer's ARN, or its name
        target: String,
        /// HOST:PORT, or HOST where the integration's URI gives the port
        #[arg(required = true)]
        addresses: Vec<String>,
    },
    /// Forget a target
    Delete {
        /// The load balancer's ARN, or its name
        target: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// List the profiles
    List,
    /// Add or change a profile
    Set {
        /// Its name
        name: String,
        /// A CA to trust beside the system's, PEM
        #[arg(long, value_name = "FILE")]
        ca_file: Option<PathBuf>,
        /// Use it where nothing else is said
        #[arg(long)]
        default: bool,
    },
    /// Forget a profile
    Remove {
        /// Its name
        name: String,
    },
    /// Print where the config file is
    Path,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_description_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_stand_anywhere() {
        let before = ["gwctl", "--state-dir", "s", "history", "pets/dev", "--output", "json"];
        let cli = Cli::try_parse_from(before).unwrap();
        assert_eq!(cli.global.output, Format::Json);
        assert_eq!(cli.global.state_dir, Some("s".into()));
        let after = ["gwctl", "deploy", "f.yaml", "--stage", "dev", "--wait", "--profile", "p"];
        assert_eq!(Cli::try_parse_from(after).unwrap().global.profile.as_deref(), Some("p"));
    }

    #[test]
    fn no_flag_takes_a_secret() {
        let command = Cli::command();
        let mut todo = vec![&command];
        while let Some(command) = todo.pop() {
            for argument in command.get_arguments().filter_map(|a| a.get_long()) {
                let suspicious = ["secret", "password", "bearer", "token"];
                assert!(!suspicious.iter().any(|s| argument.contains(s)), "--{argument}");
            }
            todo.extend(command.get_subcommands());
        }
    }
}
