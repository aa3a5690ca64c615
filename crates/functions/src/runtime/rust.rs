//! Functions in Rust: built by cargo when functions start, then run as they are.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::Plan;
use crate::catalog::Code;

/// A line of cargo's messages, as far as we read it.
#[derive(Debug, Deserialize)]
struct Message {
    reason: String,
    executable: Option<String>,
}

/// Builds the crate of a folder and plans to run its program.
pub(super) fn plan(code: &Code) -> Result<Plan, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let output = Command::new(&cargo)
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(&code.command)
        .current_dir(&code.folder)
        .stdin(Stdio::null())
        // What cargo tells people goes where ours goes.
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{}: {error}: install Rust", cargo.display()))?;
    if !output.status.success() {
        return Err(format!("cargo build failed in {}", code.folder.display()));
    }
    let program = built(&output.stdout).ok_or_else(|| {
        format!(
            "{} builds no program, or several: name one by `command = [\"--bin\", \"NAME\"]`",
            code.folder.display()
        )
    })?;
    Ok(Plan {
        program: program.into(),
        args: Vec::new(),
        folder: code.folder.clone(),
        label: "Rust".to_owned(),
        runtime: code.runtime.clone().filter(|r| r != "rust").unwrap_or("provided.al2023".into()),
    })
}

/// The one program among cargo's messages.
fn built(messages: &[u8]) -> Option<String> {
    let mut programs = messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Message>(line).ok())
        .filter(|message| message.reason == "compiler-artifact")
        .filter_map(|message| message.executable);
    let program = programs.next()?;
    programs.next().is_none().then_some(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_program_is_found() {
        let library = r#"{"reason":"compiler-artifact","executable":null}"#;
        let program = r#"{"reason":"compiler-artifact","executable":"/t/debug/f"}"#;
        let end = r#"{"reason":"build-finished","success":true}"#;
        let told = |lines: &[&str]| built(lines.join("\n").as_bytes());
        assert_eq!(told(&[library, program, end]).as_deref(), Some("/t/debug/f"));
        assert_eq!(told(&[library, end]), None);
        assert_eq!(told(&[program, program, end]), None);
        assert_eq!(told(&["noise"]), None);
    }
}
