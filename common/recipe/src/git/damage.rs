//! Damage: what a crash, a full disk or a killed git leaves in a clone.
//!
//! A clone holds nothing that its origin has not, so a damaged one is made again rather than repaired.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::{Error, Git};
use crate::program::Failure;

impl Error {
    /// True if a new clone mends it.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::Program { remote: false, source: Failure::Exit { .. }, .. })
    }
}

impl Git {
    /// Returns the damage that shows without git: no HEAD, or the lock of a git that was killed.
    pub fn damage(&self) -> Option<String> {
        let folder = self.directory.join(".git");
        if !fs::read(folder.join("HEAD")).is_ok_and(|head| !head.trim_ascii().is_empty()) {
            return Some("its HEAD is missing or empty".into());
        }
        // One converger uses a clone at a time, and none of its commands runs now.
        let locks = [locks_in(&folder, false), locks_in(&folder.join("refs"), true)].concat();
        let lock = locks.first()?;
        Some(format!("a git that was killed left {}", lock.strip_prefix(&self.directory).unwrap_or(lock).display()))
    }

    /// True if no object is missing or broken that a branch or tag needs.
    pub async fn is_sound(&self) -> bool {
        // The first finds an object that is missing, the second one that is empty.
        let (mut reach, mut open) = (self.command(), self.command());
        reach.args(["rev-list", "--objects", "--quiet", "--all"]);
        open.args(["cat-file", "--batch-check", "--batch-all-objects", "--unordered"]);
        let what = "check its objects";
        self.damage().is_none() && self.read(reach, &[], what).await.is_ok() && self.read(open, &[], what).await.is_ok()
    }

    /// Runs a command that only reads. git also complains about a broken object without failing.
    pub(super) async fn read(&self, command: Command, input: &[u8], what: &str) -> Result<Vec<u8>, Error> {
        let output = self.run(command, input, what.into(), false).await?;
        let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
        let complaint = complaints.lines().find(|line| line.starts_with("error: ") || line.contains("broken ref"));
        match complaint {
            Some(complaint) => Err(Error::Damaged(complaint.into())),
            None => Ok(output.stdout),
        }
    }
}

/// The files in `folder` that end in `.lock`.
fn locks_in(folder: &Path, in_folders_too: bool) -> Vec<PathBuf> {
    let mut locks = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if in_folders_too {
                locks.extend(locks_in(&path, true));
            }
        } else if path.extension() == Some(OsStr::new("lock")) {
            locks.push(path);
        }
    }
    locks
}
