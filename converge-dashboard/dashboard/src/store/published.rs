//! The reports of the convergers and what the bridge publishes, as bytes; their pages parse them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::Directories;
use crate::host::source::{self, BRIDGE_FILE, HOST_FILE};

/// The most reports that are read.
const MOST: usize = 32;
/// The most bytes of all reports together.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// The files that other programs publish.
#[derive(Debug)]
pub struct Published {
    /// The reports of the convergers and of the host, by file name.
    pub reports: BTreeMap<String, Arc<[u8]>>,
    /// The bridge's list of triggers.
    pub bridge: Option<Arc<[u8]>>,
}

impl Published {
    /// Reads all of them.
    pub fn read(directories: &Directories) -> Self {
        Self { reports: reports(&directories.reports), bridge: bridge(&directories.bridge) }
    }
}

/// The files `*.json` of a directory and the file of host-status, by name. One that cannot be read is left out.
fn reports(directory: &Path) -> BTreeMap<String, Arc<[u8]>> {
    let names =
        fs::read_dir(directory).into_iter().flatten().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| is_report(name)).collect();
    names.sort();
    let mut left = MOST_BYTES;
    let read = |name: String| {
        let bytes = source::bytes(&directory.join(&name)).ok()?;
        left = left.checked_sub(bytes.len())?;
        Some((name, bytes.into()))
    };
    [HOST_FILE.to_owned()].into_iter().chain(names).filter_map(read).take(MOST).collect()
}

fn is_report(name: &str) -> bool {
    !name.starts_with('.') && Path::new(name).extension().is_some_and(|extension| extension == "json")
}

/// The bridge's list of triggers.
fn bridge(directory: &Path) -> Option<Arc<[u8]>> {
    Some(source::bytes(&directory.join(BRIDGE_FILE)).ok()?.into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn reports_are_regular_json_files_of_bounded_size() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("traefik.json"), "{}").unwrap();
        fs::write(at(".drone.json.77"), "half").unwrap();
        fs::write(at("notes.txt"), "").unwrap();
        fs::write(at("large.json"), vec![b' '; 4 * 1024 * 1024 + 1]).unwrap();
        symlink("/etc/passwd", at("passwd.json")).unwrap();
        nix::unistd::mkfifo(&at("pipe.json"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        fs::create_dir(at("directory.json")).unwrap();
        fs::create_dir(at("host")).unwrap();
        fs::write(at(HOST_FILE), "{}").unwrap();
        assert_eq!(reports(directory.path()).into_keys().collect::<Vec<_>>(), [HOST_FILE, "traefik.json"]);
        assert_eq!(bridge(directory.path()), None);
        fs::write(at(BRIDGE_FILE), "[]").unwrap();
        assert_eq!(bridge(directory.path()).as_deref(), Some(&b"[]"[..]));
        assert!(reports(Path::new("/nonexistent")).is_empty());
    }
}
