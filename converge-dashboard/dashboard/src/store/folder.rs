//! The directory of one run, opened without following a link.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2};
use nix::sys::stat::Mode;

use super::RunId;

/// Opens a file of a run for reading; `None` if it is missing. Neither the run's directory nor the file may be a link, and
/// only a regular file is opened: the check and the read use one descriptor.
pub fn open_file(runs: &Path, run: &RunId, file: &str) -> io::Result<Option<File>> {
    match open_below(runs, run, file) {
        Ok(opened) => {
            let opened = File::from(opened);
            let is_file = opened.metadata()?.is_file();
            if is_file { Ok(Some(opened)) } else { Err(io::Error::other("is no regular file")) }
        }
        Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

fn open_below(runs: &Path, run: &RunId, file: &str) -> Result<OwnedFd, Errno> {
    let directory = OFlag::O_PATH | OFlag::O_CLOEXEC | OFlag::O_DIRECTORY;
    let how =
        |flags| OpenHow::new().flags(flags).resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
    // The directory of all runs is the operator's and may be a link.
    let all = open(runs, directory, Mode::empty())?;
    let one = openat2(all.as_fd(), run.as_str(), how(directory))?;
    // O_NONBLOCK: a pipe in the run's directory holds up nothing.
    openat2(one.as_fd(), file, how(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_read_and_a_link_is_not_followed() {
        let runs = tempfile::tempdir().unwrap();
        let (run, other) = (RunId::new("1").unwrap(), RunId::new("2").unwrap());
        fs::create_dir(runs.path().join("1")).unwrap();
        fs::write(runs.path().join("secret"), "secret").unwrap();
        fs::write(runs.path().join("1/run.log"), "a line\n").unwrap();
        symlink("../secret", runs.path().join("1/card.png")).unwrap();
        symlink("1", runs.path().join("2")).unwrap();
        let mut text = String::new();
        open_file(runs.path(), &run, "run.log").unwrap().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "a line\n");
        assert!(open_file(runs.path(), &run, "missing.log").unwrap().is_none());
        for (run, file) in [(&run, "card.png"), (&other, "run.log"), (&run, "../secret"), (&run, "../1")] {
            assert!(open_file(runs.path(), run, file).is_err(), "{run} {file}");
        }
        fs::create_dir(runs.path().join("1/directory.log")).unwrap();
        assert!(open_file(runs.path(), &run, "directory.log").is_err());
    }
}
