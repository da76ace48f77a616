//! The control group of a lab: a scope if systemd is process 1, else one that the lab creates and removes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command;
use crate::error::{Error, Result};
use crate::layout::Places;
use crate::wait::{Seen, wait_until};

/// True if this machine itself was booted by systemd (`sd_booted`).
pub(crate) fn systemd_runs_here() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// Mount points of the control group hierarchies that nspawn uses.
fn hierarchies() -> Vec<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mut found = Vec::new();
    for line in mounts.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [_, at, kind, options, ..] = fields[..] else { continue };
        let is_ours = kind == "cgroup2" || (kind == "cgroup" && options.contains("name=systemd"));
        if is_ours {
            found.push(PathBuf::from(at));
        }
    }
    found
}

/// Moves this process into the lab's control group, if no systemd does it.
pub(crate) fn enter(places: &Places) -> Result<()> {
    if systemd_runs_here() {
        return Ok(());
    }
    for hierarchy in hierarchies() {
        let group = hierarchy.join(places.control_group());
        crate::layout::make(&group)?;
        let processes = group.join("cgroup.procs");
        fs::write(&processes, "0").map_err(Error::file("enter", &processes))?;
    }
    Ok(())
}

/// Removes the lab's control group; its processes must be ending.
pub(crate) fn remove(places: &Places) -> Result<()> {
    if systemd_runs_here() {
        let scope = format!("{}.scope", places.control_group());
        // A scope that was never created, or ended with its last process, is no error here.
        let _ = command::run(command::privileged("systemctl").args(["stop", &scope]))?;
        let _ = command::run(command::privileged("systemctl").args(["reset-failed", &scope]))?;
        return Ok(());
    }
    for hierarchy in hierarchies() {
        let group = hierarchy.join(places.control_group());
        wait_until("the end of the lab's processes", std::time::Duration::from_secs(20), || {
            Ok(match remove_tree(&group) {
                Ok(()) => Seen::Yes(()),
                Err(error) => Seen::NotYet(error.to_string()),
            })
        })?;
    }
    Ok(())
}

fn remove_tree(group: &Path) -> std::io::Result<()> {
    let entries = match fs::read_dir(group) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    fs::remove_dir(group)
}
