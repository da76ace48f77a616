//! A server's process, which ends with the process that started it.

use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Interval between two looks at the process.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A running process. A thread of its own holds it, because the process dies with the thread that started it.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    end: Option<Sender<()>>,
    ended: Receiver<String>,
    keeper: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts the process. The command must be one of `setpriv --pdeathsig KILL`.
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

    /// The exit status, if the process has ended.
    pub fn ended(&self) -> Option<String> {
        self.ended.try_recv().ok()
    }

    /// Kills the process and waits for its end.
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

/// Waits for the end of the process, or kills it on request.
fn keep(mut child: Child, ending: &Receiver<()>, tell: &Sender<String>) {
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            drop(tell.send(status.to_string()));
            return;
        }
        if ending.recv_timeout(POLL_INTERVAL) == Err(RecvTimeoutError::Disconnected) {
            drop(child.kill());
            drop(child.wait());
            return;
        }
    }
}
