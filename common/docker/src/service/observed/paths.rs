//! The state of a path on this host that a service mounts.

use std::os::unix::fs::MetadataExt;
use std::{fs, io};

use serde::{Deserialize, Serialize};

/// The state of a path on this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostPath {
    /// Nothing.
    Missing,
    /// A directory.
    Directory {
        /// The owner's id.
        user: u32,
        /// The group's id.
        group: u32,
        /// The permissions in octal: `700`.
        mode: String,
    },
    /// A file, or something else that is no directory.
    File {
        /// The permissions in octal: `644`.
        mode: String,
    },
    /// The path cannot be read.
    Unreadable {
        /// The cause.
        why: String,
    },
}

impl HostPath {
    /// Reads the state of `path`.
    pub fn at(path: &std::path::Path) -> Self {
        match fs::metadata(path) {
            Ok(seen) => {
                let mode = format!("{:o}", seen.mode() & 0o7777);
                if seen.is_dir() {
                    Self::Directory { user: seen.uid(), group: seen.gid(), mode }
                } else {
                    Self::File { mode }
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Self::Missing
            }
            Err(error) => Self::Unreadable { why: error.to_string() },
        }
    }
}
