//! Runs programs: as root where necessary, and with an error that shows their output.

use std::io::{IsTerminal, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use nix::unistd::Uid;

use crate::error::{Error, Result};

/// Number of lines of a failed program's output in an error.
const SHOWN_LINES: usize = 20;

/// Output of a program that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The command line.
    pub command: String,
    /// Exit code; 128 + n for signal n.
    pub code: i32,
    /// Stdout.
    pub stdout: String,
    /// Stderr.
    pub stderr: String,
}

impl Output {
    /// True if the exit code is 0.
    pub fn ok(&self) -> bool {
        self.code == 0
    }

    /// The output, if the exit code is 0.
    pub fn done(self) -> Result<Self> {
        if self.ok() { Ok(self) } else { Err(self.into_error()) }
    }

    /// Stdout without surrounding white space, if the exit code is 0.
    pub fn text(self) -> Result<String> {
        Ok(self.done()?.stdout.trim().to_owned())
    }

    /// The output as an error.
    pub fn into_error(self) -> Error {
        let said = format!("{}\n{}", self.stdout.trim(), self.stderr.trim());
        let lines: Vec<&str> = said.lines().collect();
        let said = lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n");
        Error::Command { command: self.command, status: format!("exit code {}", self.code), said }
    }
}

/// True if this process is root.
pub(crate) fn is_root() -> bool {
    Uid::effective().is_root()
}

/// A command that runs as root: directly for root, else through sudo.
pub(crate) fn privileged(program: &str) -> Command {
    if is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    // A password can be typed only at a terminal.
    if !std::io::stdin().is_terminal() {
        command.arg("-n");
    }
    command.args(["--", program]);
    command
}

/// The program `lab` as root, with the variables that it reads.
pub(crate) fn privileged_lab(lab: &Path) -> Command {
    let mut command = privileged("env");
    let concerns = |key: &str| {
        ["LAB_", "PIP_", "SSL_", "NIXPKGS_"].iter().any(|start| key.starts_with(start))
            || ["http_proxy", "https_proxy", "no_proxy", "TERM"].iter().any(|name| key.eq_ignore_ascii_case(name))
    };
    for (key, value) in std::env::vars().filter(|(key, _)| concerns(key)) {
        command.arg(format!("{key}={value}"));
    }
    command.arg(lab);
    command
}

/// A command line, as typed in a shell.
pub(crate) fn words(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for word in command.get_args() {
        text.push(' ');
        text.push_str(&word.to_string_lossy());
    }
    text
}

/// The exit code of an ended program, as a shell counts it.
pub(crate) fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// Runs a command to its end and returns its output, for any exit code.
pub(crate) fn run(command: &mut Command) -> Result<Output> {
    run_with(command, None)
}

/// Runs a command with bytes on its stdin.
pub(crate) fn run_with(command: &mut Command, input: Option<&[u8]>) -> Result<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    let not_started = |source| Error::Start { program: program.clone(), source };
    command
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(not_started)?;
    let stdin = child.stdin.take();
    // Written in parallel with the reading: a program that answers before it has read all would block both sides.
    let output = std::thread::scope(|scope| {
        if let (Some(mut stdin), Some(input)) = (stdin, input) {
            // A program may end without reading its input; its exit code tells if that was wrong.
            scope.spawn(move || stdin.write_all(input).ok());
        }
        child.wait_with_output()
    })
    .map_err(not_started)?;
    Ok(Output {
        command: words(command),
        code: code(output.status),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Runs a command that must succeed, and returns its stdout.
pub(crate) fn text(command: &mut Command) -> Result<String> {
    run(command)?.text()
}
