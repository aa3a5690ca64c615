//! The command line of Gatewright.
//!
//! Data goes to standard output and everything else to standard error; exit
//! codes are part of the interface (`error.rs`); no flag takes a secret.

mod api;
mod cli;
mod client;
mod commands;
mod config;
mod document;
mod error;
mod files;
mod functions;
mod input;
mod output;
mod target;
mod up;
mod watch;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::cli::{Cli, Command, NodesCommand};
use crate::error::{Error, Kind, Result};
use crate::output::Output;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too, and are no error.
            error.print().ok();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::warn(&format!("error: no runtime: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code,
        Err(error) => {
            if error.kind != Kind::ClosedPipe {
                output::warn(&error.to_string());
            }
            ExitCode::from(error.kind.exit_code())
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode> {
    let Cli { global, command } = cli;
    let out = Output { format: global.output, quiet: global.quiet };
    let client = || target::client(&global);
    match command {
        Command::Up(args) => up::up(&args, &global, out).await,
        Command::Down(args) => up::down(&args, &global, out).await,
        Command::Logs(args) => up::logs(&args, &global, out).await,
        Command::Deploy(args) => commands::deploy(&client()?, &args, out).await,
        Command::Rollback(args) => commands::rollback(&client()?, &args, out).await,
        Command::PromoteCanary(args) => {
            commands::change(&client()?, "promote-canary", &args, out).await
        }
        Command::StopCanary(args) => commands::change(&client()?, "stop-canary", &args, out).await,
        Command::History(args) => commands::history(&client()?, &args, out).await,
        Command::Status(args) => commands::status(&client()?, &args, out).await,
        Command::Diff(args) => return commands::diff(&client()?, &args, out).await,
        Command::Fleet => commands::fleet(&client()?, out).await,
        Command::Nodes(NodesCommand::Show(args)) => {
            commands::node_show(&client()?, &args.node, out).await
        }
        Command::Nodes(command) => commands::node_act(&client()?, &command, out).await,
        Command::Apis => commands::apis(&client()?, out).await,
        Command::Audit(args) => commands::audit(&client()?, &args, out).await,
        Command::JoinToken(args) => commands::join_token(&client()?, &args, out).await,
        Command::Certificates(command) => commands::certificates(&client()?, &command, out).await,
        Command::VpcTargets(command) => commands::vpc_targets(&client()?, &command, out).await,
        Command::Cors(args) => commands::cors(&client()?, &args, out).await,
        Command::TestInvoke(args) => commands::test_invoke(&client()?, &args, out).await,
        Command::Template(command) => commands::template(&command, out),
        Command::Functions(command) => functions::functions(&command, &global, out).await,
        Command::Ca => commands::ca(&client()?, out).await,
        Command::Whoami => commands::whoami(&client()?, out).await,
        Command::Profile(command) => commands::profile(&command, &global, out),
        Command::Completions { shell } => completions(shell),
    }
    .map(|()| ExitCode::SUCCESS)
}

fn completions(shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "gwctl", &mut script);
    std::io::Write::write_all(&mut std::io::stdout(), &script).map_err(|e| Error::output(&e))
}
