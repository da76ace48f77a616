//! The recipe's clone: its releases, and what the version to run needs.

use std::collections::BTreeMap;

use common::env_file::EnvFile;
use common::git::{Git, Object};
use common::recipe::{Policy, version};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::desired::Desired;
use crate::error::Error;

/// A tag of the recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// Whether it is annotated: only those are releases.
    pub annotated: bool,
    /// The release's notes.
    #[serde(default)]
    pub notes: Option<String>,
}

/// The clone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// When it was fetched last.
    pub fetched: Option<Timestamp>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// The commit that a version which is no release stands for.
    pub commit: Option<String>,
    /// What is in the versions that may be run, by tag or commit.
    pub contents: BTreeMap<String, Content>,
}

/// What is in one version of the recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The keys its `.env.sample` knows; `None` when it has none.
    pub keys: Option<Vec<String>>,
    /// Declared compose files it does not have.
    pub missing_files: Vec<String>,
}

/// Reads the clone, if there is one.
pub async fn observe(git: &Git, desired: &Desired) -> Result<Option<Recipe>, Error> {
    if !git.exists() {
        return Ok(None);
    }
    let mut tags: Vec<Tag> = git
        .tags()
        .await?
        .into_iter()
        .map(|tag| Tag { name: tag.name, annotated: tag.annotated, notes: None })
        .collect();
    let (commit_name, wanted) = match &desired.recipe.version {
        Policy::Pin(tag) => (None, vec![tag.clone()]),
        Policy::Latest => {
            let releases = tags.iter().filter(|tag| tag.annotated && version(&tag.name).is_some());
            (None, releases.map(|tag| tag.name.clone()).collect())
        }
        // A branch as the origin has it, else a commit.
        Policy::Commit(name) => (Some(name), Vec::new()),
    };
    let mut questions = Questions::default();
    if let Some(name) = commit_name {
        questions.ask(format!("refs/remotes/origin/{name}^{{commit}}"));
        questions.ask(format!("{name}^{{commit}}"));
    }
    for tag in &wanted {
        questions.ask_content(tag, desired);
    }
    let mut answers = git.objects(&questions.names).await?.into_iter();
    let commit = if commit_name.is_some() {
        let of_branch = answers.next().flatten();
        let of_commit = answers.next().flatten();
        of_branch.or(of_commit).map(|object| object.id)
    } else {
        None
    };
    let mut contents = BTreeMap::new();
    for name in wanted {
        let (content, notes) = content(desired, &mut answers);
        if let Some(tag) = tags.iter_mut().find(|tag| tag.name == name) {
            tag.notes = notes;
            contents.insert(name, content);
        }
    }
    if let Some(commit) = &commit {
        let mut questions = Questions::default();
        questions.ask_content(commit, desired);
        let mut answers = git.objects(&questions.names).await?.into_iter();
        contents.insert(commit.clone(), content(desired, &mut answers).0);
    }
    let fetched = git.fetched().and_then(|time| Timestamp::try_from(time).ok());
    Ok(Some(Recipe { fetched, tags, commit, contents }))
}

/// Objects to ask git for, by one call.
#[derive(Debug, Default)]
struct Questions {
    names: Vec<String>,
}

impl Questions {
    fn ask(&mut self, name: String) {
        self.names.push(name);
    }

    fn ask_content(&mut self, version: &str, desired: &Desired) {
        self.ask(format!("{version}:.env.sample"));
        self.ask(format!("{version}:release/{version}"));
        for file in &desired.compose_files {
            self.ask(format!("{version}:{file}"));
        }
    }
}

fn content(desired: &Desired, answers: &mut impl Iterator<Item = Option<Object>>) -> (Content, Option<String>) {
    let sample = answers.next().flatten();
    let notes = answers.next().flatten().map(|object| String::from_utf8_lossy(&object.content).into_owned());
    let files = desired.compose_files.iter();
    let missing_files = files.filter(|_| answers.next().flatten().is_none()).cloned().collect();
    let keys = sample.map(|object| EnvFile::parse(&object.content).known_keys());
    (Content { keys, missing_files }, notes)
}
