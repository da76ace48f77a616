//! The process that a fault kills.

use std::io;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::proxy::locked;

/// A process to be killed, perhaps not started yet. Its clones are the same process.
#[derive(Debug, Clone, Default)]
pub struct Victim(Arc<Mutex<Option<u32>>>);

impl Victim {
    /// Starts the process. A [`kill`](Self::kill) by another thread meanwhile waits for its id.
    pub fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        let mut process = locked(&self.0);
        let child = command.spawn()?;
        *process = Some(child.id());
        Ok(child)
    }

    /// Sends SIGKILL to the process, if it was started.
    pub fn kill(&self) {
        if let Some(process) = locked(&self.0).and_then(|id| i32::try_from(id).ok()) {
            let _ = kill(Pid::from_raw(process), Signal::SIGKILL);
        }
    }
}
