//! A recipe's history.json.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::CatalogueError;

/// A recipe's commits, oldest first.
#[derive(Debug)]
pub(super) struct History {
    pub path: PathBuf,
    commits: Vec<Commit>,
}

/// One commit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Commit {
    pub message: String,
    /// Version that the commit publishes.
    pub version: Option<String>,
    /// Branch that has only this commit of its own.
    pub branch: Option<String>,
    #[serde(default)]
    pub edits: Vec<Edit>,
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

/// Replacement of a text in a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    pub file: String,
    pub from: String,
    pub to: String,
}

impl History {
    pub fn read(path: &Path) -> Result<Self, CatalogueError> {
        let bytes =
            fs::read(path).map_err(|source| CatalogueError::File { what: "read", path: path.to_owned(), source })?;
        let commits = serde_json::from_slice(&bytes)
            .map_err(|error| CatalogueError::History { path: path.to_owned(), why: error.to_string() })?;
        Ok(Self { path: path.to_owned(), commits })
    }

    /// The commits up to and including the one that publishes this version; without a version, all.
    pub fn until(&self, version: Option<&str>) -> Result<&[Commit], CatalogueError> {
        let Some(version) = version else { return Ok(&self.commits) };
        let last = self.commits.iter().position(|commit| commit.version.as_deref() == Some(version));
        let last = last
            .ok_or_else(|| CatalogueError::History { path: self.path.clone(), why: format!("no version {version}") })?;
        Ok(&self.commits[..=last])
    }
}
