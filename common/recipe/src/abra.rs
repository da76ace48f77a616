//! abra: run with a pseudo-terminal, `-n`, an explicit `ABRA_DIR`, one lock per `ABRA_DIR`, a clean environment and a
//! deadline. Its output only serves errors: the result is read from Docker.

mod terminal;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use semver::Version;
use tokio::sync::OnceCell;

use crate::program;
use crate::program::{Failure, OutputTail, ProcessGroup};
use base::error::{Class, Explain};
use base::lock::Lock;

/// The oldest supported version.
const OLDEST: Version = Version::new(0, 11, 0);
/// The deadline of `abra --version`.
const VERSION_DEADLINE: Duration = Duration::from_secs(20);

/// abra on one `ABRA_DIR`.
#[derive(Debug)]
pub struct Abra {
    program: OsString,
    directory: PathBuf,
    docker_host: String,
    deadline: Duration,
    lock_deadline: Duration,
    version: OnceCell<Version>,
}

/// The reason why a command of abra failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command failed.
    #[error("`{command}` failed")]
    Program {
        /// The command line; nothing secret is ever in it.
        command: String,
        /// The failure.
        source: Failure,
    },
    /// The version is older than the oldest supported one.
    #[error("abra {found} is too old: {OLDEST} is the oldest that works")]
    TooOld {
        /// The version.
        found: Version,
    },
    /// The output has no version.
    #[error("abra did not say its version, but `{output}`")]
    NoVersion {
        /// The output.
        output: String,
    },
    /// Another process used the same `ABRA_DIR` for too long.
    #[error("abra's directory is in use")]
    InUse(#[source] base::lock::Error),
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Program { source: Failure::Absent(_), .. } | Self::TooOld { .. } | Self::NoVersion { .. } => {
                Class::Blocked
            }
            Self::Program { .. } => Class::Failed,
            Self::InUse(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Program { source: Failure::Absent(_), .. } => {
                Some("install abra and put it into the unit's path".into())
            }
            Self::TooOld { .. } => Some(format!("install abra {OLDEST} or newer")),
            Self::NoVersion { .. } => {
                Some("is `abra` in PATH the Co-op Cloud command line? `abra --version` shows".into())
            }
            Self::Program { command, .. } => {
                Some(format!("what abra said last is above; by hand, `{command}` tells all of it"))
            }
            Self::InUse(error) => error.hint(),
        }
    }
}

impl Abra {
    /// abra from `PATH`, on `directory`. `deadline` is that of one command, `lock_deadline` that of the directory's lock.
    pub fn new(
        directory: impl Into<PathBuf>,
        docker_host: impl Into<String>,
        deadline: Duration,
        lock_deadline: Duration,
    ) -> Self {
        Self {
            program: "abra".into(),
            directory: directory.into(),
            docker_host: docker_host.into(),
            deadline,
            lock_deadline,
            version: OnceCell::new(),
        }
    }

    /// Runs another program in abra's place.
    #[cfg(test)]
    #[must_use]
    pub fn with_program(mut self, program: impl Into<OsString>) -> Self {
        self.program = program.into();
        self
    }

    /// Locks the directory against other processes, our own included.
    pub async fn lock(&self) -> Result<Lock, Error> {
        Lock::take(&self.directory.join(".converge.lock"), "abra's directory", self.lock_deadline)
            .await
            .map_err(Error::InUse)
    }

    /// Returns abra's version, which is asked for once.
    pub async fn version(&self) -> Result<&Version, Error> {
        self.version
            .get_or_try_init(async || {
                let output = self.execute(&["--version"], VERSION_DEADLINE.min(self.deadline)).await?;
                let version = read_version(&output)
                    .ok_or_else(|| Error::NoVersion { output: OutputTail::last_lines(&output).lines().join(" ") })?;
                // A pre-release of the oldest one has its flags already, and all of abra's are called beta.
                let number = Version::new(version.major, version.minor, version.patch);
                if number < OLDEST { Err(Error::TooOld { found: version }) } else { Ok(version) }
            })
            .await
    }

    /// Runs `abra <arguments> -n` under the directory's lock. Returns its output.
    pub async fn run(&self, arguments: &[&str]) -> Result<String, Error> {
        let _lock = self.lock().await?;
        self.run_locked(arguments).await
    }

    /// As [`Abra::run`], for a caller that holds the [`Abra::lock`].
    pub async fn run_locked(&self, arguments: &[&str]) -> Result<String, Error> {
        self.version().await?;
        let mut all = arguments.to_vec();
        if !all.contains(&"-n") {
            all.push("-n");
        }
        self.execute(&all, self.deadline).await
    }

    async fn execute(&self, arguments: &[&str], deadline: Duration) -> Result<String, Error> {
        let failed = |source| Error::Program { command: format!("abra {}", arguments.join(" ")), source };
        let mut command = program::clean_command(&self.program, &["PATH", "HOME", "DOCKER_CONFIG"]);
        command.args(arguments);
        command.env("ABRA_DIR", &self.directory).env("DOCKER_HOST", &self.docker_host).env("LANG", "C.UTF-8");
        let terminal = terminal::Terminal::open().map_err(|error| failed(Failure::Run(error)))?;
        terminal.attach(&mut command).map_err(|error| failed(Failure::Run(error)))?;
        let name = self.program.to_string_lossy();
        let mut child = command.spawn().map_err(|error| failed(program::not_started(&name, error)))?;
        let mut group = ProcessGroup::of(&child);
        // Our copies of the terminal's other end would keep it open for ever.
        drop(command);

        let mut output = Vec::new();
        let ended = tokio::time::timeout(deadline, terminal.read_until_end(&mut child, &mut output)).await;
        let text = String::from_utf8_lossy(&output);
        let status = match ended {
            Ok(status) => status.map_err(|error| failed(Failure::Run(error)))?,
            Err(_) => return Err(failed(Failure::Deadline { after: deadline, output: OutputTail::last_lines(&text) })),
        };
        group.ended();
        if status.success() {
            return Ok(program::without_escapes(&text));
        }
        Err(failed(Failure::Exit { status, output: OutputTail::last_lines(&text) }))
    }
}

/// Returns the first version in `output`.
fn read_version(output: &str) -> Option<Version> {
    let plain = program::without_escapes(output);
    plain
        .split(|c: char| c.is_whitespace() || "(),".contains(c))
        .find_map(|word| Version::parse(word.strip_prefix('v').unwrap_or(word)).ok())
}

#[cfg(test)]
mod tests;
