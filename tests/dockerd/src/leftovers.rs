//! A folder and control groups: the parts of a daemon outside its namespaces, and their removal.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// The parent of the folders of all daemons.
fn daemons() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/lab/daemons")
}

/// Makes a folder named after this process, so that its owner is known after the process has ended.
pub fn new_folder() -> io::Result<(String, PathBuf)> {
    let owner = process::id();
    let born = born(owner).ok_or_else(|| io::Error::other("cannot read /proc/self/stat"))?;
    let name = format!("{owner}-{born}-{}", COUNTER.fetch_add(1, Ordering::Relaxed));
    fs::create_dir_all(daemons())?;
    let folder = daemons().canonicalize()?.join(&name);
    fs::create_dir(&folder)?;
    Ok((name, folder))
}

/// The control group of a daemon's containers.
pub fn control_group(name: &str) -> String {
    format!("converge-daemon-{name}")
}

/// Removes the leftovers of processes that have ended.
pub fn remove_of_dead_owners() {
    for entry in fs::read_dir(daemons()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let mut parts = name.split('-');
        let owner = parts.next().and_then(|part| part.parse().ok());
        let (Some(owner), Some(born_then)) = (owner, parts.next()) else { continue };
        if born(owner).is_none_or(|now| now != born_then) {
            let _ = remove(&name, &entry.path());
        }
    }
}

/// Removes a daemon's folder and control groups. Its processes have ended, or are about to.
pub fn remove(name: &str, folder: &Path) -> io::Result<()> {
    let until = Instant::now() + Duration::from_secs(10);
    let group = control_group(name);
    let top = Path::new("/sys/fs/cgroup");
    let controllers = fs::read_dir(top).into_iter().flatten().flatten().map(|entry| entry.path().join(&group));
    for path in controllers.chain([top.join(&group)]).filter(|path| path.is_dir()) {
        until_done(until, || remove_group(&path))?;
    }
    until_done(until, || match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    })
}

/// Removes control groups from the leaves up; the files in them are the kernel's.
fn remove_group(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type()?.is_dir() {
            remove_group(&entry.path())?;
        }
    }
    match fs::remove_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Retries until the deadline: the kernel releases the groups of a dead process some time later.
fn until_done(until: Instant, mut attempt: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    loop {
        match attempt() {
            Err(_) if Instant::now() < until => thread::park_timeout(Duration::from_millis(10)),
            result => return result,
        }
    }
}

/// The start time of a process in clock ticks; unique together with its id.
fn born(process: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The program's name, in brackets, may contain spaces and brackets.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_owners_folder_goes_and_a_living_ones_stays() {
        let (_, mine) = new_folder().unwrap();
        let dead = daemons().join("4194305-1-0");
        fs::create_dir_all(dead.join("data")).unwrap();
        let reused = daemons().join(format!("{}-1-0", process::id()));
        fs::create_dir_all(&reused).unwrap();
        remove_of_dead_owners();
        assert!(mine.is_dir());
        assert!(!dead.exists());
        assert!(!reused.exists(), "the same number, but another process");
        fs::remove_dir(&mine).unwrap();
    }
}
