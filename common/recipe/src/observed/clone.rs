//! The recipe's clone: its releases, and the content of the versions that may be deployed.

mod compose;
mod contents;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::git;
use crate::git::{Git, Moved};
use crate::version::{Policy, version};
use base::address::shown;
use base::error::chain;
use contents::Questions;

pub use contents::{Contents, replicas};

/// A tag of the recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// The name.
    pub name: String,
    /// True for an annotated tag of a commit. Only those are releases.
    pub annotated: bool,
    /// The release's notes.
    #[serde(default)]
    pub notes: Option<String>,
    /// The commits, if the origin has moved the tag since it was cloned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
}

/// The clone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipeClone {
    /// The time of the last fetch that succeeded.
    pub fetched: Option<Timestamp>,
    /// The tags.
    pub tags: Vec<Tag>,
    /// The commit of a version that is not a release.
    pub commit: Option<String>,
    /// True if a branch named that commit. The branch may have moved since the last fetch.
    #[serde(default, skip_serializing_if = "is_false")]
    pub commit_of_branch: bool,
    /// The content of the versions that may be deployed, by tag or commit.
    pub contents: BTreeMap<String, Contents>,
    /// Files that differ from the commit that is checked out, or are not in it: abra deploys none beside them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// The clone as it was found.
#[derive(Debug)]
pub enum Found {
    /// There is none.
    Nothing,
    /// It is damaged or of another source.
    Unusable(String),
    /// It can be used.
    Usable(RecipeClone),
}

/// Observes the clone of `source`.
pub async fn observe(git: &Git, source: &str, policy: &Policy, compose_files: &[String]) -> Result<Found, git::Error> {
    if !git.exists() {
        return Ok(Found::Nothing);
    }
    if let Some(damage) = git.damage() {
        return Ok(Found::Unusable(damage));
    }
    match read(git, source, policy, compose_files).await {
        Err(error) if error.is_damage() => Ok(Found::Unusable(chain(&error))),
        found => found,
    }
}

async fn read(git: &Git, source: &str, policy: &Policy, compose_files: &[String]) -> Result<Found, git::Error> {
    let (tags, origin, differences) = tokio::try_join!(git.tags(), git.origin(), git.differences())?;
    if origin.as_deref() != Some(source) {
        let origin = origin.as_deref().map_or_else(|| "no source".into(), shown);
        return Ok(Found::Unusable(format!("it is a clone of {origin}")));
    }
    let mut tags: Vec<Tag> = tags
        .into_iter()
        .map(|tag| Tag { name: tag.name, annotated: tag.annotated, notes: None, moved: tag.moved })
        .collect();
    let is_release = |tag: &&Tag| tag.annotated && version(&tag.name).is_some();
    let wanted: Vec<String> = match policy {
        Policy::Pin(name) => {
            tags.iter().filter(|tag| tag.annotated && tag.name == *name).map(|tag| tag.name.clone()).collect()
        }
        Policy::Latest => tags.iter().filter(is_release).map(|tag| tag.name.clone()).collect(),
        Policy::Commit(_) => Vec::new(),
    };
    let mut questions = Questions::default();
    if let Policy::Commit(name) = policy {
        questions.ask_commit(name);
    }
    for tag in &wanted {
        questions.ask_contents(tag, compose_files);
    }
    let mut answers = questions.answers(git).await?;
    let mut commit = None;
    let mut commit_of_branch = false;
    if let Policy::Commit(_) = policy {
        let [branch, tag, hash] = answers.commit();
        commit_of_branch = branch.is_some();
        commit = branch.or(tag).or(hash);
    }
    let mut contents = BTreeMap::new();
    for name in wanted {
        let (contents_of, notes) = answers.contents(&name, compose_files)?;
        if let Some(tag) = tags.iter_mut().find(|tag| tag.name == name) {
            tag.notes = notes;
        }
        contents.insert(name, contents_of);
    }
    if let Some(commit) = &commit {
        let mut questions = Questions::default();
        questions.ask_contents(commit, compose_files);
        let (contents_of, _) = questions.answers(git).await?.contents(commit, compose_files)?;
        contents.insert(commit.clone(), contents_of);
    }
    let fetched = git.fetched().and_then(|time| Timestamp::try_from(time).ok());
    Ok(Found::Usable(RecipeClone { fetched, tags, commit, commit_of_branch, contents, differences }))
}

#[cfg(test)]
mod tests;
