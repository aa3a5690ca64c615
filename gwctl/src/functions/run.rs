//! `functions run`.

use std::net::SocketAddr;
use std::time::Duration;

use gw_functions::{Functions, LogSink, Options};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use super::{RunArgs, RuntimeClient};
use crate::cli::Global;
use crate::error::{Error, Result};
use crate::files::write_json;
use crate::output::{Format, Output, warn};

/// What `functions run --output json` prints, in one line, once functions can
/// be called. Its members are part of the interface.
#[derive(Debug, Serialize)]
struct Ready {
    url: String,
    functions: Vec<String>,
    pid: u32,
}

/// Runs the functions of a folder until a signal ends them.
pub(super) async fn run(args: &RunArgs, global: &Global, out: Output) -> Result<()> {
    let on = |kind| signal(kind).map_err(Error::io("cannot listen for signals"));
    let (mut interrupt, mut terminate) =
        (on(SignalKind::interrupt())?, on(SignalKind::terminate())?);
    let start = Functions::start(options(args, global)?);
    let functions = tokio::select! {
        started = start => started.map_err(|error| Error::usage(error.to_string()))?,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    if !args.host.is_loopback() {
        out.note(&format!(
            "whoever reaches {} can run these functions: calls are not authenticated",
            functions.address()
        ));
    }
    let ready =
        Ready { url: functions.url(), functions: functions.names(), pid: std::process::id() };
    if let Some(file) = &args.ready_file {
        write_json(file, &ready)?;
    }
    announce(&ready, out)?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    functions.stop().await;
    Ok(())
}

fn options(args: &RunArgs, global: &Global) -> Result<Options> {
    let region = global.region.clone().filter(|region| region != "per-signature");
    let from_environment = || {
        let names = ["AWS_REGION", "AWS_DEFAULT_REGION"];
        names.iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))
    };
    let own = std::env::current_exe().map_err(Error::io("where is this program"))?;
    let mut options = Options::folder(&args.dir);
    options.listen = SocketAddr::new(args.host, args.port);
    if let Some(region) = region.or_else(from_environment) {
        options.region = region;
    }
    options.account.clone_from(&args.account_id);
    options.watch = args.watch;
    options.idle = Duration::from_secs(args.idle);
    options.launcher = vec![own.into(), "functions".into(), "launch".into(), "--".into()];
    options.client = match args.runtime_client {
        RuntimeClient::Auto => gw_functions::RuntimeClient::Auto,
        RuntimeClient::Own => gw_functions::RuntimeClient::Own,
        RuntimeClient::Official => gw_functions::RuntimeClient::Official,
    };
    options.log = LogSink::new(|function, line| {
        // Runtimes keep what belongs together in one line by carriage returns.
        for part in line.split('\r') {
            warn(&format!("{function:<13} | {part}"));
        }
    });
    Ok(options)
}

fn announce(ready: &Ready, out: Output) -> Result<()> {
    if out.format == Format::Json {
        let json = serde_json::to_string(ready)
            .map_err(|error| Error::failed(format!("cannot print as JSON: {error}")))?;
        return out.line(&json);
    }
    let first = ready.functions.first().map_or("NAME", String::as_str);
    out.line(&format!(
        "Functions are ready at {url}\n\n\
         functions    {names}\n\n\
         try:\n  \
         gwctl functions invoke {first} --url {url}\n  \
         aws lambda invoke --function-name {first} --endpoint-url {url} /dev/stdout\n  \
         export AWS_ENDPOINT_URL_LAMBDA={url}",
        url = ready.url,
        names = ready.functions.join("  "),
    ))
}
