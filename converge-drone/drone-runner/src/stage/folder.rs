//! A stage's own folder: what its steps see as theirs, and what the next runner must know if this one dies.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::rpc::wire::Stage;

/// The folder of one stage.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
    workspace: PathBuf,
}

impl Folder {
    /// Where the folder of this stage is.
    pub fn of(directory: &Path, stage: i64) -> Self {
        let root = directory.join("stages").join(stage.to_string());
        Self { workspace: root.join("src"), root }
    }

    /// The folders that are there, with their stages.
    pub fn all(directory: &Path) -> Vec<(i64, Self)> {
        let entries = fs::read_dir(directory.join("stages")).into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i64>().ok());
        let mut all: Vec<_> = ids.map(|id| (id, Self::of(directory, id))).collect();
        all.sort_by_key(|(id, _)| *id);
        all
    }

    /// Makes it, with what is known of the stage. Before the stage is taken: a stage that was taken and that nobody
    /// knows of would never end.
    pub fn claim(&self, stage: &Stage) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.root)?;
        self.record(stage)
    }

    /// Makes what the steps need.
    pub fn prepare(&mut self, workspace: &Path) -> io::Result<()> {
        self.workspace = self.root.join("src").join(workspace);
        for folder in [&self.workspace, &self.home(), &self.temporary(), &self.root.join("steps"), &self.clone_home()] {
            fs::create_dir_all(folder)?;
        }
        Ok(())
    }

    /// Keeps what is known of the stage.
    pub fn record(&self, stage: &Stage) -> io::Result<()> {
        let draft = self.root.join(".stage.json");
        // Not synced: after a power cut the steps are gone as well, and Drone's own deadline ends the build.
        fs::write(&draft, serde_json::to_vec(stage)?)?;
        fs::rename(draft, self.root.join("stage.json"))
    }

    /// What was known of the stage.
    pub fn recorded(&self) -> Option<Stage> {
        serde_json::from_slice(&fs::read(self.root.join("stage.json")).ok()?).ok()
    }

    /// Where the steps run.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// The steps' HOME.
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// The HOME of the step that fetches the repository: its access is nobody else's.
    pub fn clone_home(&self) -> PathBuf {
        self.root.join("clone")
    }

    /// Access to the repository, until the first step has ended.
    pub fn netrc(&self) -> PathBuf {
        self.clone_home().join(".netrc")
    }

    /// The steps' TMPDIR.
    pub fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// A file that belongs to a step: `sh`, `env`, `log`.
    pub fn file(&self, step: i64, kind: &str) -> PathBuf {
        self.root.join("steps").join(format!("{step}.{kind}"))
    }

    /// Removes all of it.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.root) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Writes a file that only root reads.
pub fn write_secret(path: &Path, content: &[u8]) -> io::Result<()> {
    fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_is_found_again_and_can_be_removed() {
        let directory = tempfile::tempdir().unwrap();
        let mut folder = Folder::of(directory.path(), 7);
        folder.claim(&Stage { id: 7, name: "default".into(), ..Stage::default() }).unwrap();
        folder.prepare(Path::new("below")).unwrap();
        assert!(folder.workspace().ends_with("stages/7/src/below") && folder.workspace().is_dir());
        let all = Folder::all(directory.path());
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].1.recorded().unwrap().name, "default");
        folder.remove().unwrap();
        folder.remove().unwrap();
        assert!(Folder::all(directory.path()).is_empty());
    }
}
