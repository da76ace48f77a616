//! Paths below `$ABRA_DIR`, or `~/.abra`.

use std::env;
use std::fs;
use std::path::PathBuf;

use crate::fatal::Fatal;

pub fn base() -> PathBuf {
    match env::var_os("ABRA_DIR").filter(|value| !value.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".abra"),
    }
}

pub fn servers() -> PathBuf {
    base().join("servers")
}

pub fn recipes() -> PathBuf {
    base().join("recipes")
}

/// Folder of this stand-in's snapshots, in place of a backup app's repository.
pub fn backups(domain: &str) -> PathBuf {
    base().join("backups").join(domain)
}

/// The names of the known servers.
pub fn server_names() -> Result<Vec<String>, Fatal> {
    let folder = servers();
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let failed = |error| Fatal::new(format!("open {}: {error}", folder.display()));
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        // A server may be a symbolic link: the target counts.
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}
