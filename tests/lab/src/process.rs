//! Finds a lab's processes by their command line, so that a lost state file or a reused process id does no harm.

use std::fs;
use std::path::Path;

/// A process: id, parent's id, name.
struct Process {
    pid: i32,
    parent: i32,
    name: String,
}

fn ids() -> impl Iterator<Item = i32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
}

fn process(pid: i32) -> Option<Process> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in parentheses and may contain parentheses and spaces.
    let (name, rest) = (text.get(text.find('(')? + 1..text.rfind(')')?)?, text.get(text.rfind(')')? + 2..)?);
    let mut rest = rest.split(' ');
    let state = rest.next()?;
    if state == "Z" || state == "X" {
        return None;
    }
    Some(Process { pid, parent: rest.next()?.parse().ok()?, name: name.to_owned() })
}

fn words(pid: i32) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// The processes started as `<program> <role> <folder>`.
pub(crate) fn with_role(role: &str, folder: &Path) -> Vec<i32> {
    let folder = folder.to_string_lossy();
    ids()
        .filter(|pid| {
            let words = words(*pid);
            words.get(1).is_some_and(|word| word == role) && words.get(2).is_some_and(|word| *word == folder)
        })
        .filter(|pid| process(*pid).is_some())
        .collect()
}

fn children(parent: i32) -> Vec<Process> {
    ids().filter_map(process).filter(|process| process.parent == parent).collect()
}

/// The lab's process 1, by its id on this machine, once it is systemd.
pub(crate) fn leader(boot: i32) -> Option<i32> {
    let nspawn = children(boot).into_iter().find(|process| process.name == "systemd-nspawn")?;
    children(nspawn.pid).into_iter().find(|process| process.name == "systemd" && is_first(process.pid)).map(|p| p.pid)
}

/// True if a process is number 1 in its own process namespace.
fn is_first(pid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))
        .is_some_and(|ids| ids.split_whitespace().last() == Some("1"))
}
