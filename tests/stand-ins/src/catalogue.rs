//! Git repositories of the recipes in tests/catalogue, with the same commits every time.

mod history;
mod repository;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use history::History;
use repository::Workbench;

/// Error of publishing a recipe.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// A file of the catalogue cannot be read, or a file of the new repository cannot be written.
    #[error("cannot {what} {path}", path = path.display())]
    File {
        /// Action, for example "read".
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// A history is invalid.
    #[error("{path}: {why}", path = path.display())]
    History {
        /// The file.
        path: PathBuf,
        /// The broken rule.
        why: String,
    },
    /// git failed.
    #[error("git {arguments}: {said}")]
    Git {
        /// Arguments of git.
        arguments: String,
        /// Stderr of git, or the error of its start.
        said: String,
    },
}

/// The folder of the recipes.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalogue")
}

/// The names of all recipes.
pub fn recipes() -> Result<Vec<String>, CatalogueError> {
    let folder = folder();
    let read = |source| CatalogueError::File { what: "list", path: folder.clone(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        if path.join("history.json").is_file() {
            names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Publishes a recipe with its complete history: `<into>/<recipe>.git`, a bare repository, and returns its path.
pub fn publish(recipe: &str, into: &Path) -> Result<PathBuf, CatalogueError> {
    make(recipe, into, None)
}

/// Publishes a recipe up to and including this version. A later call with a later version adds the new commits.
pub fn publish_until(recipe: &str, version: &str, into: &Path) -> Result<PathBuf, CatalogueError> {
    make(recipe, into, Some(version))
}

/// Puts a lightweight tag, which is no release, on a version of a published recipe.
pub fn tag_lightly(bare: &Path, tag: &str, at: &str) -> Result<(), CatalogueError> {
    repository::tag_lightly(bare, tag, at)
}

fn make(recipe: &str, into: &Path, until: Option<&str>) -> Result<PathBuf, CatalogueError> {
    let folder = folder().join(recipe);
    let history = History::read(&folder.join("history.json"))?;
    let commits = history.until(until)?;
    let bench = Workbench::new(&folder.join("tree"))?;
    for commit in commits {
        bench.add(commit, &history.path)?;
    }
    let bare = into.join(format!("{recipe}.git"));
    bench.push(&bare)?;
    Ok(bare)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn git(repository: &Path, arguments: &[&str]) -> String {
        let output = Command::new("git").arg("-C").arg(repository).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn tags(repository: &Path) -> Vec<String> {
        let format = "--format=%(objecttype) %(refname:short)";
        let mut tags: Vec<String> =
            git(repository, &["for-each-ref", format, "refs/tags"]).lines().map(Into::into).collect();
        tags.sort();
        tags
    }

    #[test]
    fn every_recipe_is_published_the_same_way_twice() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert_eq!(recipes().unwrap(), ["drone", "hello", "traefik"]);
        for recipe in recipes().unwrap() {
            let first = publish(&recipe, one.path()).unwrap();
            let second = publish(&recipe, two.path()).unwrap();
            assert_eq!(first, one.path().join(format!("{recipe}.git")));
            assert_eq!(git(&first, &["show-ref"]), git(&second, &["show-ref"]));
        }
    }

    #[test]
    fn versions_are_annotated_tags_whose_label_is_their_name() {
        let folder = tempfile::tempdir().unwrap();
        let traefik = publish("traefik", folder.path()).unwrap();
        assert_eq!(
            tags(&traefik),
            [
                "tag 3.10.0+v3.7.15",
                "tag 3.8.0+v3.6.15",
                "tag 3.9.0+v3.7.15",
                "tag 3.9.1+v3.7.15",
                "tag 3.9.2+v3.7.15",
                "tag 4.0.0+v3.7.15",
            ]
        );
        for version in tags(&traefik).iter().filter_map(|tag| tag.strip_prefix("tag ")) {
            let compose = git(&traefik, &["show", &format!("{version}:compose.yml")]);
            assert!(compose.contains(&format!("coop-cloud.${{STACK_NAME}}.version={version}\"")), "{version}");
            let image = version.split_once('+').unwrap().1;
            assert!(compose.contains(&format!("traefik:{image}\"")), "{version}");
        }
        assert_eq!(git(&traefik, &["symbolic-ref", "HEAD"]), "refs/heads/main");
        assert_eq!(git(&traefik, &["describe", "--exact-match", "main"]), "4.0.0+v3.7.15");
        assert_eq!(git(&traefik, &["describe", "--exact-match", "longer-drain^"]), "3.9.2+v3.7.15");
        assert!(git(&traefik, &["show", "main:release/3.10.0+v3.7.15"]).starts_with("Manual migration needed"));
        assert!(!git(&traefik, &["show", "main:traefik.yml.tmpl"]).contains("60s"), "the branch is not merged");
        tag_lightly(&traefik, "3.9.3+v3.7.15", "3.9.2+v3.7.15").unwrap();
        assert_eq!(tags(&traefik)[0], "commit 3.9.3+v3.7.15");
    }

    #[test]
    fn publishing_further_adds_to_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let traefik = publish_until("traefik", "3.8.0+v3.6.15", folder.path()).unwrap();
        assert_eq!(tags(&traefik), ["tag 3.8.0+v3.6.15"]);
        let before = git(&traefik, &["rev-parse", "main"]);
        publish_until("traefik", "3.9.1+v3.7.15", folder.path()).unwrap();
        assert_eq!(tags(&traefik), ["tag 3.8.0+v3.6.15", "tag 3.9.0+v3.7.15", "tag 3.9.1+v3.7.15"]);
        git(&traefik, &["merge-base", "--is-ancestor", &before, "main"]);
        let error = publish_until("traefik", "9.9.9", folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("traefik/history.json: no version 9.9.9"), "{error}");
    }

    #[test]
    fn configs_get_a_new_version_whenever_their_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let traefik = publish("traefik", folder.path()).unwrap();
        let commits = git(&traefik, &["log", "--all", "--format=%H", "--", "traefik.yml.tmpl"]);
        for commit in commits.lines() {
            let changed = git(&traefik, &["show", "--format=", "--name-only", commit]);
            assert!(changed.lines().any(|file| file == "abra.sh"), "{commit}: {changed}");
        }
    }
}
