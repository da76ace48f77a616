//! Images made from a program of this project's build, and made again when the program has changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base::lock::Lock;

use crate::command;
use crate::error::{Error, Result};
use crate::{layout, lock};

/// A folder of archives in the cache, locked so that no other process makes them again meanwhile.
#[derive(Debug)]
pub(crate) struct Made {
    /// The folder.
    pub folder: PathBuf,
    _lock: Lock,
}

/// The folder `name` of the cache; `write` fills it with the stripped program, unless it was
/// filled from the same program.
pub(crate) fn made(name: &str, program: &Path, write: impl FnOnce(&Path, &Path) -> Result<()>) -> Result<Made> {
    let lock = lock::take(&layout::cache().join(format!(".{name}.lock")), name, || ())?;
    let made = Made { folder: layout::cache().join(name), _lock: lock };
    let (folder, note) = (&made.folder, made.folder.join("key"));
    // Size and time in place of a hash, which takes an unoptimised build 10 s.
    let of_program = fs::metadata(program).and_then(|metadata| Ok((metadata.len(), metadata.modified()?)));
    let key = format!("{} {:?}", program.display(), of_program.map_err(Error::file("read", program))?);
    if fs::read_to_string(&note).is_ok_and(|made| made == key) {
        return Ok(made);
    }
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Error::file("remove", folder))?;
    }
    layout::make(folder)?;
    let scratch = tempfile::tempdir_in(layout::cache()).map_err(Error::file("make a folder in", &layout::cache()))?;
    write(&strip(program, &scratch.path().join("program")), folder)?;
    layout::write(&note, key.as_bytes(), 0o644)?;
    Ok(made)
}

/// A copy without debug information: a quarter of the size for a Rust program.
fn strip(program: &Path, to: &Path) -> PathBuf {
    let stripped = command::run_with(Command::new("strip").arg("-o").arg(to).arg(program), None);
    match stripped {
        Ok(output) if output.ok() => to.to_owned(),
        // Without `strip` the image is only larger.
        _ => program.to_owned(),
    }
}
