//! The signals that end or reload a program.

use std::io;
use std::process;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};
use tokio::sync::watch;

/// Listens for SIGTERM and SIGINT in a thread of its own; the channel becomes true with the first of them. The process
/// ends `longest` after the signal even when a task or a disk hangs: exit 0, as the next start continues from there.
/// Call this before any other thread is started, so that all threads block these signals.
pub fn shutdown(longest: Duration) -> io::Result<watch::Receiver<bool>> {
    let signals = SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT]);
    signals.thread_block()?;
    let (sender, receiver) = watch::channel(false);
    thread::Builder::new().name("signals".into()).spawn(move || {
        while signals.wait().is_err() {}
        sender.send_replace(true);
        thread::sleep(longest);
        tracing::warn!("something hangs; ending without it");
        process::exit(0);
    })?;
    Ok(receiver)
}

/// A signal that asks a program to end or to reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// SIGTERM or SIGINT.
    End(&'static str),
    /// SIGHUP.
    Reload,
}

/// The signals of a program that waits for them in its own loop.
#[derive(Debug)]
pub struct Signals {
    terminate: Stream,
    interrupt: Stream,
    hang_up: Option<Stream>,
}

impl Signals {
    /// Listens for SIGTERM and SIGINT from now on.
    pub fn listen() -> io::Result<Self> {
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, hang_up: None })
    }

    /// Listens for SIGHUP too, which ends a program that does not.
    pub fn with_reload(self) -> io::Result<Self> {
        Ok(Self { hang_up: Some(signal(SignalKind::hangup())?), ..self })
    }

    /// Waits for the next one. Cancel safe.
    pub async fn next(&mut self) -> Request {
        let reload = async {
            match &mut self.hang_up {
                Some(hang_up) => hang_up.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => Request::End("SIGTERM"),
            _ = self.interrupt.recv() => Request::End("SIGINT"),
            _ = reload => Request::Reload,
        }
    }
}
