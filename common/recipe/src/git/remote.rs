//! Clone and fetch: what the origin has comes here, completely or not at all.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::tags::OF_ORIGIN;
use super::{Error, Git};
use base::address::shown;

/// The content of the marker: git's own form of a fetch that is not merged.
const FETCHED: &str = "0000000000000000000000000000000000000000\tnot-for-merge\t\n";

impl Git {
    /// Clones `source` here, completely or not at all: removes the rest of a killed run first, and a clone that is
    /// damaged or of another source last.
    pub async fn clone_from(&self, source: &str) -> Result<(), Error> {
        let draft = self
            .directory
            .with_file_name(format!(".{}.clone", self.directory.file_name().unwrap_or_default().to_string_lossy()));
        remove(&draft).map_err(files("remove", &draft))?;
        let parent = draft.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(files("create", parent))?;
        let mut command = Self::command_in(parent);
        command.args(["clone", "--quiet", "--"]).arg(source).arg(&draft);
        self.run(command, &[], format!("clone {}", shown(source)), true).await?;
        write_marker(&draft)?;
        remove(&self.directory).map_err(files("remove", &self.directory))?;
        fs::rename(&draft, &self.directory).map_err(files("rename", &draft))
    }

    /// Fetches the branches and tags of the origin; those that the origin has no more are removed. The tag `keep`, which
    /// runs, is not moved.
    pub(super) async fn fetch_from(&self, source: &str, keep: Option<&str>) -> Result<(), Error> {
        let mut command = self.command();
        // git would write its marker also for a fetch that fails.
        command.args(["fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "origin"]);
        command.args(["+refs/heads/*:refs/remotes/origin/*".to_owned(), format!("+refs/tags/*:{OF_ORIGIN}*")]);
        self.run(command, &[], format!("fetch from {}", shown(source)), true).await?;
        self.adopt_tags(keep).await?;
        write_marker(&self.directory)
    }

    /// Fetches as [`Git::fetch_from`]. A clone that is damaged where only a fetch shows it is made again.
    pub async fn refresh(&self, source: &str, keep: Option<&str>) -> Result<(), Error> {
        match self.fetch_from(source, keep).await {
            Err(error) if error.is_damage() || !self.is_sound().await => self.clone_from(source).await,
            fetched => fetched,
        }
    }

    /// When it was last fetched with success.
    pub fn fetched(&self) -> Option<SystemTime> {
        let marker = fs::metadata(self.directory.join(".git/FETCH_HEAD")).ok()?;
        // A fetch by hand that failed leaves it empty.
        marker.modified().ok().filter(|_| marker.len() > 0)
    }
}

/// Records the time of a fetch where git records it.
fn write_marker(clone: &Path) -> Result<(), Error> {
    let marker = clone.join(".git/FETCH_HEAD");
    fs::write(&marker, FETCHED).map_err(files("write", &marker))
}

fn files(what: &str, path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let what = format!("{what} {}", path.display());
    move |source| Error::Files { what, source }
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(there) if there.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
