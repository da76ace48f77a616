//! A server's process: it ends when it is told to, and when the process that started it dies.

use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often the process is looked at.
const STEP: Duration = Duration::from_millis(10);

/// A running process. A thread of its own holds it, because it dies with the thread that started it.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    end: Option<Sender<()>>,
    ended: Receiver<String>,
    keeper: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts it. The command is one of `setpriv --pdeathsig KILL`.
    pub fn start(mut command: Command) -> io::Result<Self> {
        let (end, ending) = mpsc::channel();
        let (tell, ended) = mpsc::channel();
        let (begun, beginning) = mpsc::channel();
        let keeper = thread::spawn(move || match command.spawn() {
            Err(error) => drop(begun.send(Err(error))),
            Ok(child) => {
                drop(begun.send(Ok(child.id())));
                keep(child, &ending, &tell);
            }
        });
        let lost = || Err(io::Error::other("the thread that starts it is gone"));
        let pid = beginning.recv().unwrap_or_else(|_| lost())?;
        Ok(Self { pid, end: Some(end), ended, keeper: Some(keeper) })
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, if it did.
    pub fn ended(&self) -> Option<String> {
        self.ended.try_recv().ok()
    }

    /// Kills it and waits until it is gone.
    pub fn stop(&mut self) {
        drop(self.end.take());
        if let Some(keeper) = self.keeper.take() {
            drop(keeper.join());
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits for the end of the process, or kills it when it is told to.
fn keep(mut child: Child, ending: &Receiver<()>, tell: &Sender<String>) {
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            drop(tell.send(status.to_string()));
            return;
        }
        if ending.recv_timeout(STEP) == Err(RecvTimeoutError::Disconnected) {
            drop(child.kill());
            drop(child.wait());
            return;
        }
    }
}
