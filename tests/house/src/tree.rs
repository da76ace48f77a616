//! The files that git tracks in this repository.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// Error of reading the tree.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `git ls-files` could not be started.
    #[error("git cannot be started")]
    Start(#[source] io::Error),
    /// `git ls-files` failed.
    #[error("git ls-files failed: {0}")]
    Git(String),
}

/// A tracked text file.
#[derive(Debug)]
pub struct File {
    /// Path relative to the root of the repository.
    pub path: String,
    /// Content of the working copy, not of the last commit.
    pub text: String,
}

/// Root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns the paths that git tracks and that match one of the patterns, or all paths without a pattern.
pub fn paths(patterns: &[&str]) -> Result<Vec<String>, Error> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--"])
        .args(patterns)
        .current_dir(root())
        .output()
        .map_err(Error::Start)?;
    if !output.status.success() {
        return Err(Error::Git(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let list = String::from_utf8_lossy(&output.stdout);
    Ok(list.split_terminator('\0').map(str::to_owned).collect())
}

/// Returns the tracked UTF-8 files that match one of the patterns. Leaves out a file that is deleted but still tracked.
pub fn files(patterns: &[&str]) -> Result<Vec<File>, Error> {
    let read = |path: String| {
        let text = fs::read_to_string(root().join(&path)).ok()?;
        Some(File { path, text })
    };
    Ok(paths(patterns)?.into_iter().filter_map(read).collect())
}
