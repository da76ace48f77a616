//! A server's process: ends when the value is dropped, and when the process that started it ends.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};

use crate::error::{Error, Result};

/// Longest time for a graceful end, before a kill.
const END: Duration = Duration::from_secs(10);

/// Interval between two looks at a condition.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// User id without any rights, which every machine has.
const UNPRIVILEGED: u32 = 65_534;

/// User of the server if this process is root: Gitea refuses to run as root. `None` for the user of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User(pub Option<u32>);

impl User {
    /// The user without rights if it may read the program; else the owner of the program's folder, which may be root.
    pub fn for_program(program: &Path) -> Self {
        if !Uid::effective().is_root() {
            return Self(None);
        }
        let folders: Vec<_> = program.ancestors().skip(1).filter_map(|folder| fs::metadata(folder).ok()).collect();
        if folders.iter().all(|folder| folder.permissions().mode() & 0o001 != 0) {
            return Self(Some(UNPRIVILEGED));
        }
        Self(folders.first().map(MetadataExt::uid).filter(|owner| *owner != 0))
    }

    /// True if the server runs as root.
    pub fn is_root(self) -> bool {
        self.0.is_none() && Uid::effective().is_root()
    }

    /// Gives a file or folder to this user.
    pub fn give(self, path: &Path) -> Result<()> {
        self.0.map_or(Ok(()), |id| chown(path, Some(id), Some(id)).map_err(Error::file("change the owner of", path)))
    }

    /// A command as this user, in a network namespace; killed with the thread that starts it.
    pub fn command(self, namespace: Option<&Path>, program: &Path) -> Command {
        let mut words: Vec<String> = Vec::new();
        if let Some(namespace) = namespace {
            words.extend(["nsenter".to_owned(), format!("--net={}", namespace.display()), "--".to_owned()]);
        }
        words.push("setpriv".to_owned());
        words.extend(["--pdeathsig", "KILL"].map(str::to_owned));
        if let Some(id) = self.0 {
            words.extend([format!("--reuid={id}"), format!("--regid={id}"), "--clear-groups".to_owned()]);
        }
        words.extend(["--".to_owned(), program.to_string_lossy().into_owned()]);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env_clear().stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }
}

/// A running server. A thread of its own holds the process, because a process dies with the thread that started it.
#[derive(Debug)]
pub(crate) struct Server {
    pid: i32,
    program: String,
    end: Option<Sender<()>>,
    ended: Receiver<String>,
    keeper: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts the server.
    pub fn start(mut command: Command, program: &str) -> Result<Self> {
        let (end, ending) = mpsc::channel::<()>();
        let (ended_at, ended) = mpsc::channel();
        let (started_at, started) = mpsc::channel();
        let keeper = thread::spawn(move || match command.spawn() {
            Err(error) => drop(started_at.send(Err(error))),
            Ok(child) => {
                drop(started_at.send(Ok(child.id())));
                keep(child, &ending, &ended_at);
            }
        });
        let lost = || Err(std::io::Error::other("the thread that starts it is gone"));
        let id = started.recv().unwrap_or_else(|_| lost()).map_err(Error::start(program))?;
        let pid = i32::try_from(id).unwrap_or(i32::MAX);
        Ok(Self { pid, program: program.to_owned(), end: Some(end), ended, keeper: Some(keeper) })
    }

    /// The process id.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// An error if the server has ended.
    pub fn check(&self, said: impl FnOnce() -> String) -> Result<()> {
        match self.ended.try_recv() {
            Ok(status) => Err(Error::Ended { program: self.program.clone(), status, said: said() }),
            Err(_) => Ok(()),
        }
    }

    /// Stops the server and waits for its end.
    pub fn stop(&mut self) {
        drop(self.end.take());
        if let Some(keeper) = self.keeper.take() {
            drop(keeper.join());
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits for the end of the process, or stops it on request.
fn keep(mut child: Child, ending: &Receiver<()>, ended: &Sender<String>) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX));
    let mut killed_at = None;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            drop(ended.send(status.to_string()));
            return;
        }
        match killed_at {
            None if matches!(ending.recv_timeout(POLL_INTERVAL), Err(mpsc::RecvTimeoutError::Disconnected)) => {
                let _ = kill(pid, Signal::SIGTERM);
                killed_at = Some(Instant::now() + END);
            }
            None => {}
            Some(deadline) if Instant::now() >= deadline => {
                drop(child.kill());
                killed_at = Some(Instant::now() + END);
            }
            Some(_) => thread::sleep(POLL_INTERVAL),
        }
    }
}
