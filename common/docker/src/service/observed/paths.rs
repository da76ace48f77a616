//! The state of a path on this host that a service mounts.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::{fs, io};

use base::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The number of bytes of a digest that tell two contents apart.
const DIGEST: usize = 8;
/// The largest number of bytes that are read of a file.
const LONGEST: u64 = 16 * 1024 * 1024;

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
        /// The beginning of the SHA-256 of the content, in hexadecimal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<String>,
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
                    // Of a pipe or a device there is no content to compare.
                    Self::File { mode, content: seen.is_file().then(|| content(path)).flatten() }
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Self::Missing
            }
            Err(error) => Self::Unreadable { why: error.to_string() },
        }
    }
}

/// The digest of a file's content, if it can be read.
fn content(path: &std::path::Path) -> Option<String> {
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some(hex::encode(&Sha256::digest(bytes)[..DIGEST]))
}
