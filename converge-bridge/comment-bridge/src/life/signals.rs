//! SIGTERM and SIGINT, heard by a thread of their own.

use std::io;
use std::process;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};
use tokio::sync::watch;

/// The process is gone this long after a signal, whatever hangs. What was not written down by then is looked up at the
/// next start, as after a crash; so it is no failure.
const LONGEST: Duration = Duration::from_millis(4800);

/// Becomes true with the first of them.
pub fn hear() -> io::Result<watch::Receiver<bool>> {
    let signals = SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT]);
    signals.thread_block()?;
    let (tell, told) = watch::channel(false);
    thread::Builder::new().name("signals".into()).spawn(move || {
        while signals.wait().is_err() {}
        tell.send_replace(true);
        thread::sleep(LONGEST);
        tracing::warn!("something hangs; ending without it");
        process::exit(0);
    })?;
    Ok(told)
}
