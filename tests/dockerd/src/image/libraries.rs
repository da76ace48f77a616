//! The shared libraries of a program.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::ImageError;

/// The shared libraries and the loader of a program; none for a static one.
pub(super) fn libraries(program: &Path) -> Result<Vec<PathBuf>, ImageError> {
    let failed = |reason: String| ImageError::Libraries { path: program.to_owned(), reason };
    let output =
        Command::new("ldd").arg(program).env("LC_ALL", "C").output().map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let message = format!("{text}{}", String::from_utf8_lossy(&output.stderr));
        let is_static = message.contains("not a dynamic executable") || message.contains("statically linked");
        return if is_static { Ok(Vec::new()) } else { Err(failed(message.trim().to_owned())) };
    }
    if let Some(missing) = text.lines().find(|line| line.contains("not found")) {
        return Err(failed(missing.trim().to_owned()));
    }
    Ok(text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect())
}
