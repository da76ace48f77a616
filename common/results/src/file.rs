//! Reading a run's file, which a program that runs somebody's code has written.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;

/// The largest file that is read.
pub(super) const LARGEST: u64 = 1024 * 1024;

/// Reads `<runs>/<run>/results.json`. Follows no link, opens nothing but a regular file, and never blocks.
pub(super) fn read(runs: &Path, run: &str) -> Option<Vec<u8>> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    // The directory of all runs is the operator's: it may be a link.
    let all = open(runs, OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_DIRECTORY, Mode::empty()).ok()?;
    let one: OwnedFd = openat(&all, run, flags | OFlag::O_DIRECTORY, Mode::empty()).ok()?;
    let file = File::from(openat(&one, "results.json", flags, Mode::empty()).ok()?);
    let about = file.metadata().ok()?;
    if !about.is_file() || about.len() > LARGEST {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= LARGEST).then_some(bytes)
}
