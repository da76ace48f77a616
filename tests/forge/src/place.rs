//! Where the real Gitea and its stand-in are.

use std::path::{Path, PathBuf};

/// The version that `lab setup` builds; tests/lab/gitea/go.mod names the same.
pub const VERSION: &str = "1.26.0";

/// A Gitea that can be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The program.
    pub program: PathBuf,
    /// Its templates, options and public files.
    pub files: PathBuf,
}

fn project() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// The folder that `lab setup` puts this version of Gitea into, whether or not it is there.
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

/// The stand-in, which has no files: of the build that this process belongs to, else of any, else built now.
pub(crate) fn stand_in() -> Option<Installation> {
    let running = std::env::current_exe().unwrap_or_default();
    let target = project().join("target");
    let beside = running.ancestors().skip(1).take(2).map(Path::to_owned);
    let folders = beside.chain([target.join("debug"), target.join("release")]);
    let built = folders.map(|folder| folder.join("gitea")).find(|path| path.is_file());
    let program = built.or_else(|| stand_ins::gitea().ok())?;
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
