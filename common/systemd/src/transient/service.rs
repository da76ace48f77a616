//! The description of a transient service, and its result.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use zbus::{Fd, Variant};

use crate::bus::Properties;

/// A transient service: one command in a control group of its own.
#[derive(Debug)]
pub struct Service {
    /// `Description=`.
    pub description: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// `WorkingDirectory=`.
    pub directory: PathBuf,
    /// `EnvironmentFile=`. A file, because every user of the bus may read the environment of a unit.
    pub environment_file: PathBuf,
    /// The file descriptor of standard output and standard error.
    pub output: OwnedFd,
    /// `RuntimeMaxSec=`: systemd ends the service then, even if the process that started it is dead.
    pub runtime_max: Duration,
    /// `TimeoutStopSec=`: the time between SIGTERM and SIGKILL.
    pub stop_timeout: Duration,
    /// `LoadCredential=`: name to path.
    pub credentials: BTreeMap<String, PathBuf>,
    /// Resource settings under the names and in the units of D-Bus: `MemoryMax` in bytes.
    pub properties: Vec<(&'static str, u64)>,
}

impl Service {
    /// The properties for `StartTransientUnit`.
    pub(super) fn properties(&self) -> Properties<'_> {
        let micros = |time: Duration| Variant::from(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        let program = self.command.first().cloned().unwrap_or_default();
        let mut all: Properties<'_> = vec![
            ("Description", Variant::from(self.description.as_str())),
            ("Type", Variant::from("exec")),
            ("ExecStart", Variant::from(vec![(program, self.command.clone(), false)])),
            ("WorkingDirectory", Variant::from(text(&self.directory))),
            ("EnvironmentFiles", Variant::from(vec![(text(&self.environment_file), false)])),
            ("StandardOutputFileDescriptor", Variant::from(Fd::from(&self.output))),
            ("StandardErrorFileDescriptor", Variant::from(Fd::from(&self.output))),
            ("KillMode", Variant::from("control-group")),
            ("TimeoutStopUSec", micros(self.stop_timeout)),
            ("RuntimeMaxUSec", micros(self.runtime_max)),
            // The mounts of a service end with it.
            ("PrivateMounts", Variant::from(true)),
            // A process of a shell's pipe ends without an error when its reader has ended.
            ("IgnoreSIGPIPE", Variant::from(false)),
            // systemd keeps the ended unit until we have read its result; if we die, systemd drops it.
            ("AddRef", Variant::from(true)),
            ("CollectMode", Variant::from("inactive-or-failed")),
        ];
        if !self.credentials.is_empty() {
            let credentials = self.credentials.iter().map(|(name, path)| (name.clone(), text(path)));
            all.push(("LoadCredential", Variant::from(credentials.collect::<Vec<_>>())));
        }
        all.extend(self.properties.iter().map(|(name, value)| (*name, Variant::from(*value))));
        all
    }
}

/// The result of an ended service, in systemd's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// `success`, `exit-code`, `signal`, `timeout`, `oom-kill`, …; `lost` if systemd no longer knows the unit.
    pub result: String,
    /// `CLD_…` of the main process: 1 = exited.
    pub code: i32,
    /// The exit code or the signal of the main process.
    pub status: i32,
    /// True once systemd has executed the command.
    pub was_active: bool,
}

impl Exit {
    /// The result of a unit that systemd no longer knows.
    pub(super) fn lost() -> Self {
        Self { result: "lost".into(), code: 0, status: 0, was_active: true }
    }
}
