//! Ends and tidies what a test process leaves behind, however that ends.

use std::{
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

/// Its standard input closes when the test process ends.
const WAIT: &str = "cat >/dev/null\n";

/// What still ends may write another file meanwhile.
const REMOVE: &str = r#"
for _ in 1 2 3 4 5 6 7 8 9 10; do
  rm -rf "$1" && break
  sleep 0.2
done
"#;

/// A shell that waits for the end of the test process, and in whose group no
/// signal of a terminal arrives. Dropping it is an end too.
#[derive(Debug)]
pub(crate) struct Watcher(Child);

impl Watcher {
    /// At the end runs `kill`, a script that finds the folder in `$1`, then
    /// removes the folder.
    pub(crate) fn over(folder: &Path, kill: &str) -> Self {
        let script = format!("{WAIT}{kill}{REMOVE}");
        let child = Command::new("sh")
            .args(["-c", &script, "gatewright-testkit-watcher"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            .process_group(0)
            .spawn()
            .expect("sh");
        Self(child)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().ok();
    }
}
