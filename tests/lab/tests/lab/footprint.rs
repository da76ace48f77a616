//! Traces of a lab on this machine outside its folder.

use std::fs;
use std::path::PathBuf;

/// All objects on this machine that belong to one lab.
#[derive(Debug, PartialEq, Eq)]
pub struct Footprint {
    processes: Vec<String>,
    mounts: Vec<String>,
    interfaces: Vec<String>,
    control_groups: Vec<PathBuf>,
    namespaces: Vec<String>,
    folder: bool,
}

impl Footprint {
    pub fn of(name: &str) -> Self {
        let folder = lab::project().join("target/lab/labs").join(name);
        let group = format!("converge-lab-{name}");
        let shown = folder.to_string_lossy().into_owned();
        Self {
            processes: processes(&shown, &group),
            mounts: lines("/proc/self/mounts").into_iter().filter(|line| line.contains(&shown)).collect(),
            interfaces: names("/sys/class/net").into_iter().filter(|name| name.starts_with("lab")).collect(),
            control_groups: control_groups(&group),
            namespaces: names("/run/netns").into_iter().filter(|namespace| namespace.contains(name)).collect(),
            folder: folder.exists(),
        }
    }

    /// True if a process still runs.
    pub fn has_processes(&self) -> bool {
        !self.processes.is_empty()
    }

    /// True if there are no objects at all.
    pub fn is_nothing(&self) -> bool {
        let lists = [&self.processes, &self.mounts, &self.interfaces, &self.namespaces];
        lists.iter().all(|list| list.is_empty()) && self.control_groups.is_empty() && !self.folder
    }
}

fn lines(path: &str) -> Vec<String> {
    fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Processes whose command line or control group names the lab, except this one.
fn processes(folder: &str, group: &str) -> Vec<String> {
    let mut found = Vec::new();
    for pid in names("/proc").into_iter().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())) {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).replace('\0', " ");
        let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        // A lab with a longer name is another lab.
        let in_group = groups.lines().any(|line| line.split(['/', '.']).any(|part| part == group));
        if words.split([' ', '/']).any(|word| word == group) || words.contains(&format!("{folder} ")) || in_group {
            found.push(format!("{pid} {words}"));
        }
    }
    found
}

fn control_groups(group: &str) -> Vec<PathBuf> {
    let mounts = lines("/proc/self/mounts");
    let hierarchies = mounts.iter().filter_map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        fields.get(2).is_some_and(|kind| kind.starts_with("cgroup")).then(|| PathBuf::from(fields[1]))
    });
    let places = hierarchies.flat_map(|at| [at.join(group), at.join("system.slice").join(format!("{group}.scope"))]);
    places.filter(|place| place.exists()).collect()
}
