//! Child processes: each in its own process group with a clean environment, killed with its children.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// A process group that is killed when this is dropped before the program's end was seen.
#[derive(Debug)]
pub struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    /// The group `child` leads; it must have been started with `process_group(0)`.
    pub fn of(child: &Child) -> Self {
        // Zero would mean our own group.
        Self(child.id().and_then(|id| i32::try_from(id).ok()).filter(|id| *id > 0).map(Pid::from_raw))
    }

    /// The leader has ended and was reaped: its id may belong to another process now.
    pub fn ended(&mut self) {
        self.0 = None;
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // The group may have ended meanwhile.
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

/// The failure of a program.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The program is not in `PATH`.
    #[error("`{0}` is not in PATH ({path})", path = env::var("PATH").unwrap_or_default())]
    Absent(String),
    /// The program could not be started, or its pipes failed.
    #[error("it could not be run")]
    Run(#[source] io::Error),
    /// The program was killed with its children at the deadline.
    #[error("it had not ended after {} s and was killed{output}", .after.as_secs_f32().round())]
    Deadline {
        /// The deadline.
        after: Duration,
        /// The end of its output, without secrets.
        output: OutputTail,
    },
    /// The program ended with an exit code other than 0.
    #[error("{}{output}", ending(*.status))]
    Exit {
        /// The exit status.
        status: ExitStatus,
        /// The end of its output, without secrets.
        output: OutputTail,
    },
}

fn ending(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    }
}

/// The last lines of a program's output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputTail(Vec<String>);

impl OutputTail {
    const LINES: usize = 8;
    const LONGEST: usize = 300;

    /// The last lines of `text` that are not blank, without colours and control characters.
    pub fn last_lines(text: &str) -> Self {
        let text = without_escapes(text);
        let lines: Vec<_> = text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
        let from = lines.len().saturating_sub(Self::LINES);
        Self(lines[from..].iter().map(|line| line.chars().take(Self::LONGEST).collect()).collect())
    }

    /// The lines.
    pub fn lines(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for OutputTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => Ok(()),
            [line] => write!(f, ": {}", line.trim()),
            lines => lines.iter().try_for_each(|line| write!(f, "\n  | {line}")),
        }
    }
}

/// `text` without terminal escape sequences and control characters.
pub fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '\u{1b}' if rest.peek() == Some(&'[') => {
                rest.next();
                // Up to the final byte of a control sequence.
                for c in rest.by_ref() {
                    if ('@'..='~').contains(&c) {
                        break;
                    }
                }
            }
            '\n' | '\t' => plain.push(next),
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    plain
}

/// Returns a command with only the variables in `keep` of our environment.
pub fn clean_command(program: impl AsRef<OsStr>, keep: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.env_clear().process_group(0).kill_on_drop(true);
    for name in keep {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Converts the error of starting `program`.
pub fn not_started(program: &str, error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound => Failure::Absent(program.into()),
        _ => Failure::Run(error),
    }
}

/// Runs `command` to its end with `input` on its standard input; its exit code must be 0.
pub async fn output(mut command: Command, input: &[u8], deadline: Duration) -> Result<Output, Failure> {
    command.stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().map_err(|error| not_started(&name, error))?;
    let mut group = ProcessGroup::of(&child);
    let stdin = child.stdin.take();
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A program that ends without reading all input tells so by its exit code.
            drop(stdin.write_all(input).await);
        }
    };
    let running = async { tokio::join!(feed, child.wait_with_output()).1 };
    let ended = timeout(deadline, running)
        .await
        .map_err(|_| Failure::Deadline { after: deadline, output: OutputTail::default() })?
        .map_err(Failure::Run)?;
    group.ended();
    if ended.status.success() {
        return Ok(ended);
    }
    let output = OutputTail::last_lines(&String::from_utf8_lossy(&ended.stderr));
    Err(Failure::Exit { status: ended.status, output })
}
