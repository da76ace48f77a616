//! A server's process: ended when the value is dropped, and when the process that started it dies.

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

/// How long a server may take to end well before it is killed.
const END: Duration = Duration::from_secs(10);

/// How often a condition is looked at.
pub(crate) const STEP: Duration = Duration::from_millis(20);

/// The user nobody, who is there on every machine.
const NOBODY: u32 = 65_534;

/// Whose rights a server has when this process is root's: Gitea refuses to be root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User(pub Option<u32>);

impl User {
    /// Nobody, where nobody may read the program; else the owner of the program's folder; root only if that is root.
    pub fn who_may_run(program: &Path) -> Self {
        if !Uid::effective().is_root() {
            return Self(None);
        }
        let folders: Vec<_> = program.ancestors().skip(1).filter_map(|folder| fs::metadata(folder).ok()).collect();
        if folders.iter().all(|folder| folder.permissions().mode() & 0o001 != 0) {
            return Self(Some(NOBODY));
        }
        Self(folders.first().map(MetadataExt::uid).filter(|owner| *owner != 0))
    }

    /// Whether it is root after all.
    pub fn is_root(self) -> bool {
        self.0.is_none() && Uid::effective().is_root()
    }

    /// Gives a file or folder to this user.
    pub fn give(self, path: &Path) -> Result<()> {
        self.0.map_or(Ok(()), |id| chown(path, Some(id), Some(id)).map_err(Error::file("change the owner of", path)))
    }

    /// A program as this user, in a network namespace; killed with the thread that starts it.
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
    /// Starts it.
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

    /// An error if it has ended.
    pub fn check(&self, said: impl FnOnce() -> String) -> Result<()> {
        match self.ended.try_recv() {
            Ok(status) => Err(Error::Ended { program: self.program.clone(), status, said: said() }),
            Err(_) => Ok(()),
        }
    }

    /// Ends it and waits until it is gone.
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

/// Waits for the end of the process, or ends it when it is told to.
fn keep(mut child: Child, ending: &Receiver<()>, ended: &Sender<String>) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX));
    let mut killed_at = None;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            drop(ended.send(status.to_string()));
            return;
        }
        match killed_at {
            None if matches!(ending.recv_timeout(STEP), Err(mpsc::RecvTimeoutError::Disconnected)) => {
                let _ = kill(pid, Signal::SIGTERM);
                killed_at = Some(Instant::now() + END);
            }
            None => {}
            Some(deadline) if Instant::now() >= deadline => {
                drop(child.kill());
                killed_at = Some(Instant::now() + END);
            }
            Some(_) => thread::sleep(STEP),
        }
    }
}
