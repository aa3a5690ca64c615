//! Functions for tests, and calls of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use gw_functions::{Catalog, Function, Functions, LogSink, Options};
use gw_testkit::eventually;
use gw_testkit::http::{Answer, Call};
use serde_json::{Value, json};

/// A function that runs the tiny runtime.
pub(crate) fn tiny(name: &str) -> Function {
    let program = std::env::current_exe().unwrap().display().to_string();
    let command = [&*program, "--exact", "runtime::tiny", "--ignored", "--nocapture"];
    let mut function = Function::provided(name, &std::env::temp_dir(), &command);
    // Three seconds are for functions, not for a busy test machine.
    function.timeout = Duration::from_secs(60);
    function
}

/// Served functions with all that they have logged.
pub(crate) struct Served {
    pub(crate) functions: Functions,
    log: Arc<Mutex<Vec<String>>>,
}

impl Served {
    /// Serves these functions.
    pub(crate) async fn of(functions: impl IntoIterator<Item = Function>) -> Self {
        Self::with(Options::declared(Catalog::of(functions))).await
    }

    pub(crate) async fn with(mut options: Options) -> Self {
        let log = Arc::new(Mutex::new(Vec::new()));
        let into = log.clone();
        options.log = LogSink::new(move |function, line| {
            into.lock().unwrap().push(format!("{function} {line}"));
        });
        // A runtime on a busy machine may need a while to ask again.
        options.settle = Duration::from_secs(5);
        Self { functions: Functions::start(options).await.unwrap(), log }
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Waits until so many lines contain a text.
    pub(crate) async fn lines(&self, text: &str, count: usize) {
        eventually(text, async || {
            let found = self.log().iter().filter(|line| line.contains(text)).count();
            (found >= count).then_some(())
        })
        .await;
    }

    /// A call of the Invoke API, to be completed.
    pub(crate) fn call(&self, name: &str) -> Call {
        let url = self.functions.url();
        Call::post(&format!("{url}/2015-03-31/functions/{name}/invocations"))
    }

    /// Invokes a function and waits for its answer, whatever it is.
    pub(crate) async fn answer(&self, name: &str, event: &Value) -> Answer {
        self.call(name).json(event).send().await.unwrap()
    }

    /// Invokes a function that must succeed.
    pub(crate) async fn invoke(&self, name: &str, event: &Value) -> Value {
        let answer = self.answer(name, event).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("x-amz-function-error"), None, "{}", answer.text());
        answer.json()
    }

    /// Invokes a function that must fail; its error type and message.
    pub(crate) async fn failure(&self, name: &str, event: &Value) -> (String, String) {
        let answer = self.answer(name, event).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("x-amz-function-error"), Some("Unhandled"), "{}", answer.text());
        let id = answer.header("x-amzn-requestid").unwrap();
        let body = answer.json();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        (text("errorType"), text("errorMessage").replace(id, "ID"))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Call::get(&format!("{}{path}", self.functions.url())).send().await.unwrap()
    }
}

/// Holds invocations until it is opened.
pub(crate) struct Gate(tempfile::TempDir);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> std::path::PathBuf {
        self.0.path().join("open")
    }

    /// The event of an invocation that waits, before its answer or after it.
    pub(crate) fn event(&self, action: &str) -> Value {
        json!({ "do": action, "until": self.file() })
    }

    pub(crate) fn open(&self) {
        std::fs::write(self.file(), "").unwrap();
    }
}

/// The log that an answer carries.
pub(crate) fn tail(answer: &Answer) -> String {
    let text = answer.header("x-amz-log-result").unwrap();
    String::from_utf8(BASE64_STANDARD.decode(text).unwrap()).unwrap()
}

/// Whether a process lives.
pub(crate) fn lives(pid: &Value) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

/// What an error says of itself: its type by header, status, and body.
pub(crate) fn refusal(answer: &Answer) -> (u16, String, Value) {
    let kind = answer.header("x-amzn-errortype").unwrap_or_default().to_owned();
    (answer.status, kind, answer.json())
}
