//! The description of a transient service.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use zbus::{Fd, Variant};

use super::proxy::Properties;

/// A transient service: one command in a control group of its own.
#[derive(Debug)]
pub struct Unit {
    /// `….service`.
    pub name: String,
    /// What `systemctl status` calls it.
    pub description: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Where it runs.
    pub directory: PathBuf,
    /// The file with its environment. Not the environment itself: everybody on the bus may read that.
    pub environment: PathBuf,
    /// Where both of its outputs go.
    pub output: OwnedFd,
    /// How long it may run; systemd ends it then, with or without a runner.
    pub longest: Duration,
    /// Between SIGTERM and SIGKILL.
    pub stop: Duration,
    /// Files that systemd puts into its `CREDENTIALS_DIRECTORY`: name to path.
    pub credentials: BTreeMap<String, PathBuf>,
    /// Resource settings under the names and in the units that D-Bus takes: `MemoryMax` in bytes.
    pub properties: Vec<(&'static str, u64)>,
}

impl Unit {
    /// Its properties, as systemd takes them.
    pub(super) fn properties(&self) -> Properties<'_> {
        let micros = |time: Duration| Variant::from(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        let program = self.command.first().cloned().unwrap_or_default();
        let mut all: Properties<'_> = vec![
            ("Description", Variant::from(self.description.as_str())),
            ("Type", Variant::from("exec")),
            ("ExecStart", Variant::from(vec![(program, self.command.clone(), false)])),
            ("WorkingDirectory", Variant::from(text(&self.directory))),
            ("EnvironmentFiles", Variant::from(vec![(text(&self.environment), false)])),
            ("StandardOutputFileDescriptor", Variant::from(Fd::from(&self.output))),
            ("StandardErrorFileDescriptor", Variant::from(Fd::from(&self.output))),
            ("KillMode", Variant::from("control-group")),
            ("TimeoutStopUSec", micros(self.stop)),
            ("RuntimeMaxUSec", micros(self.longest)),
            // What a step mounts goes with it.
            ("PrivateMounts", Variant::from(true)),
            // A shell's pipe whose reader has left ends quietly.
            ("IgnoreSIGPIPE", Variant::from(false)),
            // Kept until its end has been read, and for a runner that has died not at all.
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
