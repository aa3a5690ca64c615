//! The variables that a function finds in its environment.

use std::ffi::{OsStr, OsString};

use time::macros::format_description;

use crate::catalog::{Code, Function, Language};
use crate::runtime::Plan;

/// What AWS sets, and lets nobody declare.
pub(crate) const RESERVED: [&str; 18] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// What of our own environment a function gets unasked: what programs need to
/// run at all on this machine. Credentials and addresses of AWS's services come
/// by their prefix.
const PASSED: [&str; 22] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONDONTWRITEBYTECODE",
    "NODE_PATH",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "RUST_BACKTRACE",
];

/// Where functions run.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) region: String,
    pub(crate) account: String,
}

/// All variables of a new environment but the address of its Runtime API.
pub(crate) fn variables(
    function: &Function,
    version: &str,
    code: &Code,
    plan: &Plan,
    place: &Place,
) -> Vec<(OsString, OsString)> {
    let mut all: Vec<(OsString, OsString)> =
        std::env::vars_os().filter(|(name, _)| passes(name, &function.inherit)).collect();
    let mut set = |name: &str, value: &str| {
        all.retain(|(known, _)| known != name);
        all.push((name.into(), value.into()));
    };
    if std::env::var_os("LANG").is_none() {
        set("LANG", "C.UTF-8");
    }
    set("TZ", ":UTC");
    set("AWS_REGION", &place.region);
    set("AWS_DEFAULT_REGION", &place.region);
    set("AWS_LAMBDA_FUNCTION_NAME", &function.name);
    set("AWS_LAMBDA_FUNCTION_VERSION", version);
    set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &function.memory.to_string());
    set("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
    set("AWS_LAMBDA_LOG_GROUP_NAME", &format!("/aws/lambda/{}", function.name));
    set("AWS_LAMBDA_LOG_STREAM_NAME", &log_stream(version));
    set("LAMBDA_TASK_ROOT", &code.folder.display().to_string());
    set("LAMBDA_RUNTIME_DIR", "/var/runtime");
    set("_HANDLER", &code.handler);
    match code.language {
        // Functions look whether they are at AWS by this.
        Language::Python => {
            set("AWS_EXECUTION_ENV", &format!("AWS_Lambda_{}", plan.runtime));
            // Lines must come when they are printed, not when a buffer is full.
            set("PYTHONUNBUFFERED", "1");
        }
        Language::Node => set("AWS_EXECUTION_ENV", &format!("AWS_Lambda_{}", plan.runtime)),
        Language::Provided | Language::Rust => {}
    }
    for (name, value) in &function.environment {
        set(name, value);
    }
    all
}

fn passes(name: &OsStr, inherit: &[String]) -> bool {
    let Some(name) = name.to_str() else { return false };
    let aws = name.starts_with("AWS_")
        && !name.starts_with("AWS_LAMBDA_")
        && !matches!(name, "AWS_PROFILE" | "AWS_EXECUTION_ENV");
    aws || PASSED.contains(&name)
        || name.starts_with("LC_")
        || inherit.iter().any(|wanted| wanted == name)
}

/// Such as `2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef`.
fn log_stream(version: &str) -> String {
    let day = time::OffsetDateTime::now_utc()
        .format(format_description!("[year]/[month]/[day]"))
        .unwrap_or_default();
    format!("{day}/[{version}]{}", uuid::Uuid::new_v4().simple())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::options::RuntimeClient;
    use crate::runtime::Planner;

    #[test]
    fn a_function_finds_what_it_finds_at_aws() {
        let mut function = Function::provided("f", Path::new("/code"), &["./run"]);
        function.environment.insert("TABLE".into(), "t".into());
        function.environment.insert("TZ".into(), "Europe/Zurich".into());
        function.inherit.push("CARGO_PKG_NAME".into());
        let code = function.versions["$LATEST"].clone();
        let plan = Planner::new(RuntimeClient::Own).unwrap().plan("f", &code).unwrap();
        let place = Place { region: "eu-west-1".into(), account: "1".repeat(12) };
        let all = variables(&function, "$LATEST", &code, &plan, &place);
        let value = |name: &str| {
            let mut with = all.iter().filter(|(n, _)| n == name);
            let found = with.next().map(|(_, value)| value.to_str().unwrap().to_owned());
            assert!(with.next().is_none(), "{name} twice");
            found
        };
        assert_eq!(value("AWS_REGION").as_deref(), Some("eu-west-1"));
        assert_eq!(value("AWS_LAMBDA_FUNCTION_NAME").as_deref(), Some("f"));
        assert_eq!(value("AWS_LAMBDA_FUNCTION_VERSION").as_deref(), Some("$LATEST"));
        assert_eq!(value("AWS_LAMBDA_LOG_GROUP_NAME").as_deref(), Some("/aws/lambda/f"));
        assert!(value("AWS_LAMBDA_LOG_STREAM_NAME").unwrap().contains("/[$LATEST]"));
        assert_eq!(value("LAMBDA_TASK_ROOT").as_deref(), Some("/code"));
        assert_eq!(value("_HANDLER").as_deref(), Some("handler"));
        assert_eq!(value("TABLE").as_deref(), Some("t"));
        assert_eq!(value("TZ").as_deref(), Some("Europe/Zurich"), "TZ may be declared");
        assert_eq!(value("CARGO_PKG_NAME").as_deref(), Some("gw-functions"), "inherited");
        assert_eq!(value("CARGO_MANIFEST_DIR"), None, "nothing else of ours");
        assert!(value("PATH").is_some());
    }
}
