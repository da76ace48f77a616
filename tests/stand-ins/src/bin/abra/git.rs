//! Git, by its command line.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::fatal::Fatal;

/// Runs git in a folder and returns its stdout, or its stderr as the error.
pub fn git(folder: &Path, arguments: &[&str]) -> Result<String, Fatal> {
    let mut command = Command::new("git");
    // The real abra uses a Git library, which checks no owner and asks no terminal.
    command.arg("-C").arg(folder).args(["-c", "safe.directory=*", "-c", "advice.detachedHead=false"]).args(arguments);
    command.env("GIT_TERMINAL_PROMPT", "0").stdin(Stdio::null());
    let output = command.output().map_err(Fatal::when("git"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(Fatal::new(format!("git {}: {}", arguments.join(" "), text(&output.stderr))))
}
