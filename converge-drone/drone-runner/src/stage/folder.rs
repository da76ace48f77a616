//! The folder of a stage: the directories of its steps, and its state for the next runner if this one dies.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::rpc::wire::Stage;

/// The lock of the directory of all folders: a runner creates it at its start.
pub const LOCK: &str = "lock";

/// The folder of one stage.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
    workspace: PathBuf,
}

impl Folder {
    /// The folder of this stage, which need not exist.
    pub fn of(directory: &Path, stage: i64) -> Self {
        let root = directory.join("stages").join(stage.to_string());
        Self { workspace: root.join("src"), root }
    }

    /// The existing folders with the ids of their stages.
    pub fn all(directory: &Path) -> Vec<(i64, Self)> {
        let entries = fs::read_dir(directory.join("stages")).into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i64>().ok());
        let mut all: Vec<_> = ids.map(|id| (id, Self::of(directory, id))).collect();
        all.sort_by_key(|(id, _)| *id);
        all
    }

    /// Creates the folder with the state of the stage. Called before the stage is accepted: a dead runner's accepted stage
    /// without a folder would never end.
    pub fn create(&self, stage: &Stage) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.root)?;
        self.save(stage)
    }

    /// Creates the directories of the steps.
    pub fn prepare(&mut self, workspace: &Path) -> io::Result<()> {
        self.workspace = self.root.join("src").join(workspace);
        for folder in [&self.workspace, &self.home(), &self.temporary(), &self.root.join("steps"), &self.clone_home()] {
            fs::create_dir_all(folder)?;
        }
        Ok(())
    }

    /// Saves the state of the stage.
    pub fn save(&self, stage: &Stage) -> io::Result<()> {
        let draft = self.root.join(".stage.json");
        // Not synced: after a power cut converge-drone ends the stages that have no folder.
        fs::write(&draft, serde_json::to_vec(stage)?)?;
        fs::rename(draft, self.root.join("stage.json"))
    }

    /// Reads the saved state.
    pub fn saved(&self) -> Option<Stage> {
        serde_json::from_slice(&fs::read(self.root.join("stage.json")).ok()?).ok()
    }

    /// The time since the state was saved last.
    pub fn unchanged_for(&self) -> Duration {
        let state = fs::metadata(self.root.join("stage.json")).or_else(|_| fs::metadata(&self.root));
        let saved = state.and_then(|state| state.modified());
        saved.ok().and_then(|saved| saved.elapsed().ok()).unwrap_or_default()
    }

    /// The working directory of the steps.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// `HOME` of the steps.
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// `HOME` of the clone step, with a login that other steps must not have.
    pub fn clone_home(&self) -> PathBuf {
        self.root.join("clone")
    }

    /// The login for the clone, removed after the first step.
    pub fn netrc(&self) -> PathBuf {
        self.clone_home().join(".netrc")
    }

    /// `TMPDIR` of the steps.
    pub fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// A file of a step: `sh`, `env`, `log`.
    pub fn file(&self, step: i64, kind: &str) -> PathBuf {
        self.root.join("steps").join(format!("{step}.{kind}"))
    }

    /// Removes the folder.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.root) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Writes a file with mode 0600.
pub fn write_secret(path: &Path, content: &[u8]) -> io::Result<()> {
    fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_created_folder_is_found_again_and_can_be_removed() {
        let directory = tempfile::tempdir().unwrap();
        let mut folder = Folder::of(directory.path(), 7);
        folder.create(&Stage { id: 7, name: "default".into(), ..Stage::default() }).unwrap();
        folder.prepare(Path::new("below")).unwrap();
        assert!(folder.workspace().ends_with("stages/7/src/below") && folder.workspace().is_dir());
        let all = Folder::all(directory.path());
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].1.saved().unwrap().name, "default");
        folder.remove().unwrap();
        folder.remove().unwrap();
        assert!(Folder::all(directory.path()).is_empty());
    }
}
