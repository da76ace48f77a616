//! The git side: a clone in which commits are made, and a bare repository to which they are pushed.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::CatalogueError;
use super::history::Commit;

/// Time of the first commit: 2026-01-05 09:00 UTC. Each later one is an hour after the one before.
const FIRST_COMMIT: u64 = 1_767_603_600;

/// Placeholder for the version in the tree.
const PLACEHOLDER: &str = "PUBLISHED";

/// A clone in a temporary folder, with the recipe's tree in it.
pub(super) struct Workbench {
    folder: TempDir,
    /// Number of commits so far.
    commits: Cell<u64>,
}

impl Workbench {
    pub fn new(tree: &Path) -> Result<Self, CatalogueError> {
        let folder = tempfile::tempdir().map_err(failed("make a folder in", &std::env::temp_dir()))?;
        copy(tree, folder.path())?;
        let bench = Self { folder, commits: Cell::new(0) };
        bench.git(&["init", "--quiet", "--initial-branch=main"])?;
        Ok(bench)
    }

    /// Adds a commit, its tags and its branch.
    pub fn add(&self, commit: &Commit, history: &Path) -> Result<(), CatalogueError> {
        if let Some(branch) = &commit.branch {
            self.git(&["checkout", "--quiet", "-b", branch])?;
        }
        self.write(commit, history)?;
        self.git(&["add", "--all", "--force"])?;
        self.git(&["commit", "--quiet", "--message", &commit.message])?;
        if let Some(version) = &commit.version {
            self.git(&["tag", "--annotate", "--message", &commit.message, version])?;
        }
        self.commits.set(self.commits.get() + 1);
        if commit.branch.is_some() {
            self.git(&["checkout", "--quiet", "main"])?;
        }
        Ok(())
    }

    fn write(&self, commit: &Commit, history: &Path) -> Result<(), CatalogueError> {
        for edit in &commit.edits {
            if !self.replace(&edit.file, &edit.from, &edit.to)? {
                let why = format!("`{}` finds no {:?} in {}", commit.message, edit.from, edit.file);
                return Err(CatalogueError::History { path: history.to_owned(), why });
            }
        }
        for (file, text) in &commit.files {
            let path = self.folder.path().join(file);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(failed("make", parent))?;
            }
            fs::write(&path, text).map_err(failed("write", &path))?;
        }
        if let Some(version) = &commit.version {
            self.set_version(version)?;
        }
        Ok(())
    }

    /// Replaces the version in the label.
    fn set_version(&self, version: &str) -> Result<(), CatalogueError> {
        let path = self.folder.path().join("compose.yml");
        let text = fs::read_to_string(&path).map_err(failed("read", &path))?;
        let label = ".version=";
        let lines = text.lines().map(|line| match line.split_once(label) {
            Some((before, _)) if before.contains("coop-cloud.") => format!("{before}{label}{version}\"\n"),
            _ => format!("{line}\n"),
        });
        let text: String = lines.collect();
        debug_assert!(!text.contains(PLACEHOLDER));
        fs::write(&path, text).map_err(failed("write", &path))
    }

    fn replace(&self, file: &str, from: &str, to: &str) -> Result<bool, CatalogueError> {
        let path = self.folder.path().join(file);
        let text = fs::read_to_string(&path).map_err(failed("read", &path))?;
        fs::write(&path, text.replace(from, to)).map_err(failed("write", &path))?;
        Ok(text.contains(from))
    }

    /// Pushes all branches and tags to a bare repository, created if absent.
    pub fn push(&self, bare: &Path) -> Result<(), CatalogueError> {
        let bare = bare.to_string_lossy();
        self.git(&["init", "--quiet", "--bare", "--initial-branch=main", &bare])?;
        self.git(&["push", "--quiet", &bare, "refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*"])
    }

    fn git(&self, arguments: &[&str]) -> Result<(), CatalogueError> {
        git(self.folder.path(), FIRST_COMMIT + 3600 * self.commits.get(), arguments)
    }
}

/// Puts a lightweight tag on the target of another name.
pub(super) fn tag_lightly(bare: &Path, tag: &str, at: &str) -> Result<(), CatalogueError> {
    git(bare, FIRST_COMMIT, &["tag", tag, &format!("{at}^{{commit}}")])
}

fn git(folder: &Path, time: u64, arguments: &[&str]) -> Result<(), CatalogueError> {
    let date = format!("{time} +0000");
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "gc.auto=0", "-c", "core.autocrlf=false"]).args(arguments);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "A maintainer");
        command.env(format!("GIT_{who}_EMAIL"), "maintainer@example.org");
        command.env(format!("GIT_{who}_DATE"), &date);
    }
    // Without the user's configuration, and without a repository that a git hook named in the environment.
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    let failure = |said: String| CatalogueError::Git { arguments: arguments.join(" "), said };
    let output = command.output().map_err(|error| failure(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failure(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

fn copy(from: &Path, to: &Path) -> Result<(), CatalogueError> {
    fs::create_dir_all(to).map_err(failed("make", to))?;
    for entry in fs::read_dir(from).map_err(failed("list", from))? {
        let entry = entry.map_err(failed("list", from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target)?;
        } else {
            let bytes = fs::read(&source).map_err(failed("read", &source))?;
            fs::write(&target, bytes).map_err(failed("write", &target))?;
        }
    }
    Ok(())
}

fn failed<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(std::io::Error) -> CatalogueError + 'a {
    move |source| CatalogueError::File { what, path: path.to_owned(), source }
}
