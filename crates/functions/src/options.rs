//! How functions are served.

use std::ffi::OsString;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::catalog::Catalog;

/// Told every line that a function or its environment logs: the function's
/// name, then the line without its end.
#[derive(Clone)]
pub struct LogSink(Arc<Each>);

type Each = dyn Fn(&str, &str) + Send + Sync;

impl LogSink {
    /// Hands lines to `each`, which must not block.
    pub fn new(each: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(each))
    }

    /// Forgets every line.
    pub fn none() -> Self {
        Self::new(|_, _| {})
    }

    pub(crate) fn line(&self, function: &str, text: &str) {
        (self.0)(function, text);
    }
}

impl fmt::Debug for LogSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogSink")
    }
}

/// Which client of the Runtime API stands between a Python or Node function
/// and us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RuntimeClient {
    /// Python: `awslambdaric`, Node: `aws-lambda-ric`, where it is installed and
    /// built; else ours.
    #[default]
    Auto,
    /// Always the small ones that come with this crate.
    Own,
    /// Always AWS's; an error names the package that is missing.
    Official,
}

/// Where functions are declared.
#[derive(Debug, Clone)]
pub enum Source {
    /// A folder: its `functions.toml`, else its folders that look like functions.
    Folder(PathBuf),
    /// Declared in code.
    Declared(Catalog),
}

/// How functions are served.
#[derive(Debug, Clone)]
pub struct Options {
    /// What is served.
    pub source: Source,
    /// Where the Invoke API listens; port 0 is any free one.
    pub listen: SocketAddr,
    /// The region in ARNs and in `AWS_REGION`, where a call names no other.
    pub region: String,
    /// The account in ARNs, 12 digits, where a call names no other.
    pub account: String,
    /// Which client of the Runtime API is used.
    pub client: RuntimeClient,
    /// Whether changed files replace the environments that run them.
    pub watch: bool,
    /// Where lines go.
    pub log: LogSink,
    /// How long an environment waits for its next invocation before it ends.
    pub idle: Duration,
    /// How long a caller's answer waits for the runtime to ask for more work,
    /// so that a caller who comes back at once finds this environment ready.
    pub settle: Duration,
    /// A program with arguments that is put before each runtime's command.
    pub launcher: Vec<OsString>,
}

impl Options {
    /// The functions of a folder, on a free loopback port, without a log.
    pub fn folder(folder: impl Into<PathBuf>) -> Self {
        Self::of(Source::Folder(folder.into()))
    }

    /// Functions that are declared in code, on a free loopback port.
    pub fn declared(catalog: Catalog) -> Self {
        Self::of(Source::Declared(catalog))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            region: "us-east-1".to_owned(),
            account: "000000000000".to_owned(),
            client: RuntimeClient::default(),
            watch: false,
            log: LogSink::none(),
            idle: Duration::from_secs(600),
            settle: Duration::from_millis(100),
            launcher: Vec::new(),
        }
    }
}
