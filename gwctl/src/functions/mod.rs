//! `functions`: Lambda functions on this machine, and calls of them.

mod invoke;
mod launch;
mod list;
mod run;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::Global;
use crate::client::Endpoint;
use crate::error::{Error, Result};
use crate::output::Output;
use crate::up::StateDir;

/// Where functions are looked for when nobody says where they run.
const DEFAULT_PORT: u16 = 3001;

/// What can be done with functions.
#[derive(Debug, Subcommand)]
pub(crate) enum FunctionsCommand {
    /// Run the functions of a folder until interrupted
    Run(RunArgs),
    /// Call a running function and print what it answers
    Invoke(InvokeArgs),
    /// List the running functions
    List(WhereArgs),
    /// Become another program that ends when whoever started it does
    #[command(hide = true)]
    Launch {
        /// The program and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<std::ffi::OsString>,
    },
}

/// The flags of `functions run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// A folder with functions.toml, or with a folder for each function
    pub(crate) dir: PathBuf,
    /// The port of the Lambda API, 0 for any free one
    #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT)]
    pub(crate) port: u16,
    /// The address to listen on; calls are not authenticated
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,
    /// Run changed code without a restart
    #[arg(long)]
    pub(crate) watch: bool,
    /// Which client of the Runtime API Python and Node functions run on
    #[arg(long, value_name = "CLIENT", value_enum, default_value_t = RuntimeClient::Auto)]
    pub(crate) runtime_client: RuntimeClient,
    /// The account in ARNs, 12 digits
    #[arg(long, value_name = "ID", default_value = "000000000000", value_parser = crate::cli::account_id)]
    pub(crate) account_id: String,
    /// Seconds until an unused process ends
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) idle: u64,
    /// Where to write process id and address once functions can be called
    #[arg(long, value_name = "FILE", hide = true)]
    pub(crate) ready_file: Option<PathBuf>,
}

/// Which client of the Runtime API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuntimeClient {
    /// AWS's where it is installed, else ours
    Auto,
    /// Ours
    Own,
    /// AWS's: awslambdaric, aws-lambda-ric
    Official,
}

/// Where functions run.
#[derive(Debug, Args)]
pub(crate) struct WhereArgs {
    /// Where they run [default: AWS_ENDPOINT_URL_LAMBDA, else those of `gwctl up`, else port 3001]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
}

/// The flags of `functions invoke`.
#[derive(Debug, Args)]
pub(crate) struct InvokeArgs {
    /// The function, by name or ARN, with `:QUALIFIER` if you like
    pub(crate) name: String,
    /// A JSON file with the event, `-` for standard input; an empty object by default
    #[arg(long, short, value_name = "FILE")]
    pub(crate) event: Option<PathBuf>,
    /// A version or an alias
    #[arg(long, value_name = "QUALIFIER")]
    pub(crate) qualifier: Option<String>,
    /// Leave the event to be worked on later
    #[arg(long = "async")]
    pub(crate) later: bool,
    #[command(flatten)]
    pub(crate) place: WhereArgs,
}

/// Does what the command says.
pub(crate) async fn functions(
    command: &FunctionsCommand,
    global: &Global,
    out: Output,
) -> Result<()> {
    match command {
        FunctionsCommand::Run(args) => run::run(args, global, out).await,
        FunctionsCommand::Invoke(args) => invoke::invoke(args, global, out).await,
        FunctionsCommand::List(args) => list::list(args, global, out).await,
        FunctionsCommand::Launch { command } => launch::launch(command),
    }
}

impl WhereArgs {
    /// The address that the flags, the environment and the data directory mean.
    fn endpoint(&self, global: &Global) -> Result<Endpoint> {
        let variable = || std::env::var("AWS_ENDPOINT_URL_LAMBDA").ok().filter(|v| !v.is_empty());
        let url = match (&self.url, &global.state_dir) {
            (Some(url), _) => url.clone(),
            (None, Some(dir)) => of_up(&StateDir::new(dir)?)?.ok_or_else(|| {
                Error::usage(format!("no functions run with {}", dir.display()))
                    .hint("start them with `gwctl up --functions DIR`")
            })?,
            (None, None) => match variable() {
                Some(url) => url,
                None => of_up(&StateDir::new(&StateDir::default_path())?)?
                    .unwrap_or_else(|| format!("http://127.0.0.1:{DEFAULT_PORT}")),
            },
        };
        url.parse()
    }
}

/// Where the functions of a data directory run.
fn of_up(state: &StateDir) -> Result<Option<String>> {
    Ok(state.settings()?.and_then(|settings| settings.functions_url()))
}
