//! Paths of the real Gitea and the stand-in.

use std::path::{Path, PathBuf};

/// Version that `lab setup` builds; tests/lab/gitea/go.mod names the same.
pub const VERSION: &str = "1.26.0";

/// An installed Gitea.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The program.
    pub program: PathBuf,
    /// Folder of templates, options and public files.
    pub files: PathBuf,
}

fn project() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// The folder of this version of Gitea in the cache of `lab setup`; may be absent.
pub fn cache() -> PathBuf {
    let base = std::env::var_os("LAB_DIRECTORY").map_or_else(|| project().join("target/lab"), PathBuf::from);
    base.join("cache/gitea").join(VERSION)
}

/// The real Gitea, if it has been built.
pub fn installation() -> Option<Installation> {
    let folder = cache();
    let found = Installation { program: folder.join("gitea"), files: folder.join("static") };
    (found.program.is_file() && found.files.is_dir()).then_some(found)
}

/// The stand-in, which has no files: built now if its source changed, else from the build of this process or another one.
pub(crate) fn stand_in() -> Option<Installation> {
    let running = std::env::current_exe().unwrap_or_default();
    let target = project().join("target");
    let beside = running.ancestors().skip(1).take(2).map(Path::to_owned);
    let folders = beside.chain([target.join("debug"), target.join("release")]);
    let built = folders.map(|folder| folder.join("gitea")).find(|path| path.is_file());
    let program = stand_ins::gitea().ok().or(built)?;
    let files = program.parent()?.to_owned();
    Some(Installation { program, files })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_that_is_built_has_this_version() {
        let module = std::fs::read_to_string(project().join("tests/lab/gitea/go.mod")).unwrap();
        assert!(module.contains(&format!("code.gitea.io/gitea v{VERSION} ")), "{module}");
    }
}
