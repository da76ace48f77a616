//! The files of the page, each with its limit, and the space of the disk.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::libc::{O_NOFOLLOW, O_NONBLOCK};
use nix::sys::statvfs::statvfs;

use super::CONVERGERS;
use crate::store::Directories;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The path of host-status's file below the directory of the reports.
pub const HOST_FILE: &str = "host/host.json";
/// The name of the bridge's file.
pub const BRIDGE_FILE: &str = "triggers.json";

/// A file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Source {
    /// There is none.
    #[default]
    Missing,
    /// It cannot be read, for this reason.
    Unreadable(String),
    /// The content.
    Bytes(Vec<u8>),
}

/// The space of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// The bytes of all files that it can hold.
    pub bytes: u64,
    /// The bytes that are free for users.
    pub bytes_free: u64,
    /// The number of files that it can hold; 0 without a limit.
    pub inodes: u64,
    /// The number of further files.
    pub inodes_free: u64,
}

/// Everything that the page is made of.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The reports by the converger's name.
    pub reports: BTreeMap<&'static str, Source>,
    /// `host.json`.
    pub host: Source,
    /// `triggers.json`.
    pub bridge: Source,
    /// The file system of the runs.
    pub disk: Option<Disk>,
}

impl Sources {
    /// Reads all of them.
    pub fn read(directories: &Directories) -> Self {
        let report = |name: &'static str| (name, read(&directories.reports.join(format!("{name}.json"))));
        Self {
            reports: CONVERGERS.into_iter().map(report).collect(),
            host: read(&directories.reports.join(HOST_FILE)),
            bridge: read(&directories.bridge.join(BRIDGE_FILE)),
            disk: disk(&directories.runs),
        }
    }
}

fn read(path: &Path) -> Source {
    match bytes(path) {
        Ok(bytes) => Source::Bytes(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Source::Missing,
        Err(error) => Source::Unreadable(format!("cannot be read: {error}")),
    }
}

/// Reads a regular file of bounded size that is no link.
pub fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    // A link leads nowhere, and a pipe holds up nothing.
    let file = OpenOptions::new().read(true).custom_flags(O_NOFOLLOW | O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other(format!("it is larger than {LARGEST} bytes")));
    }
    Ok(bytes)
}

fn disk(directory: &Path) -> Option<Disk> {
    let all = statvfs(directory).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(all.fragment_size());
    Some(Disk {
        bytes: bytes(all.blocks()),
        bytes_free: bytes(all.blocks_available()),
        inodes: all.files(),
        inodes_free: all.files_available(),
    })
}

impl Disk {
    /// The used share of the bytes in per cent, rounded up.
    pub fn bytes_percent(&self) -> u64 {
        percent(self.bytes, self.bytes_free)
    }

    /// The used share of the inodes in per cent, rounded up; 0 without a limit.
    pub fn inodes_percent(&self) -> u64 {
        percent(self.inodes, self.inodes_free)
    }
}

fn percent(all: u64, free: u64) -> u64 {
    let used = u128::from(all.saturating_sub(free));
    let percent = if all == 0 { 0 } else { (used * 100).div_ceil(u128::from(all)) };
    u64::try_from(percent).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_that_is_too_large_or_no_file_is_told_and_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::File::create(path("large.json")).unwrap().set_len(50 * 1024 * 1024).unwrap();
        fs::create_dir(path("directory.json")).unwrap();
        fs::write(path("good.json"), "{}").unwrap();
        symlink(path("good.json"), path("link.json")).unwrap();
        nix::unistd::mkfifo(&path("pipe.json"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        for name in ["large", "directory", "link", "pipe"] {
            let source = read(&path(&format!("{name}.json")));
            assert!(
                matches!(&source, Source::Unreadable(reason) if reason.starts_with("cannot be read: ")),
                "{name}: {source:?}"
            );
        }
        assert_eq!(read(&path("good.json")), Source::Bytes(b"{}".to_vec()));
        assert_eq!(read(&path("absent.json")), Source::Missing);
    }

    #[test]
    fn the_share_of_a_disk_is_rounded_up() {
        let disk = Disk { bytes: 1000, bytes_free: 49, inodes: 0, inodes_free: 0 };
        assert_eq!((disk.bytes_percent(), disk.inodes_percent()), (96, 0));
        assert!(self::disk(Path::new("/")).unwrap().bytes > 0);
        assert_eq!(self::disk(Path::new("/absent")), None);
    }

    #[test]
    fn the_file_is_where_host_status_writes_it() {
        let below = Path::new(host_status::RUNTIME_DIRECTORY).strip_prefix("/run/converge").unwrap();
        assert_eq!(below.join(host_status::FILE), Path::new(HOST_FILE));
    }
}
