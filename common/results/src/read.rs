//! Opens and reads `results.json` of a run: follows no link, opens nothing but a regular file, and never blocks.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2};
use nix::sys::stat::Mode;

use crate::parse::parse;
use crate::{FILE, Results};

/// The largest file that is read: a run with some hundred tests and the end of the output of each.
pub(crate) const LARGEST: u64 = 4 * 1024 * 1024;

/// The reason why a results file that is there says nothing.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The file or its directory cannot be opened or read.
    #[error("results.json cannot be read")]
    Io(#[source] io::Error),
    /// A directory, a pipe, a device.
    #[error("results.json is no regular file")]
    NotAFile,
    /// Larger than any run writes.
    #[error("results.json is larger than {LARGEST} bytes")]
    TooLarge,
    /// Not JSON, not complete, or of an unknown schema.
    #[error("results.json is not complete, or of an unknown schema")]
    NotUnderstood,
}

/// The directory of all runs, held open.
#[derive(Debug)]
pub struct Runs(OwnedFd);

/// A results file, held open: what is known of the file and what is read are of one file.
#[derive(Debug)]
pub struct ResultsFile {
    file: File,
    about: Metadata,
}

impl Runs {
    /// Opens the directory. It is the operator's and may be a link.
    pub fn open(directory: &Path) -> io::Result<Self> {
        Ok(Self(open(directory, OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_DIRECTORY, Mode::empty())?))
    }

    /// Opens `<run>/results.json`; `None` if it is missing.
    pub fn results(&self, run: &str) -> Result<Option<ResultsFile>, Unreadable> {
        if run.contains('/') || matches!(run, "" | "." | "..") {
            return Ok(None);
        }
        let how = OpenHow::new()
            .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)
            .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
        let file = match openat2(&self.0, format!("{run}/{FILE}").as_str(), how) {
            Ok(file) => File::from(file),
            Err(Errno::ENOENT) => return Ok(None),
            // A socket.
            Err(Errno::ENXIO) => return Err(Unreadable::NotAFile),
            Err(errno) => return Err(Unreadable::Io(errno.into())),
        };
        let about = file.metadata().map_err(Unreadable::Io)?;
        if about.is_file() { Ok(Some(ResultsFile { file, about })) } else { Err(Unreadable::NotAFile) }
    }
}

impl ResultsFile {
    /// Size, time and inode at the time of opening.
    pub fn about(&self) -> &Metadata {
        &self.about
    }

    /// Reads and parses the file.
    pub fn read(self) -> Result<Results, Unreadable> {
        if self.about.len() > LARGEST {
            return Err(Unreadable::TooLarge);
        }
        let mut bytes = Vec::new();
        // The file may grow while it is read.
        self.file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(Unreadable::Io)?;
        if bytes.len() as u64 > LARGEST {
            return Err(Unreadable::TooLarge);
        }
        parse(&bytes).ok_or(Unreadable::NotUnderstood)
    }
}
