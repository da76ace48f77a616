//! The recipe's clone: its releases, and the content of the versions that may be deployed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::env_file::EnvFile;
use crate::git;
use crate::git::{Git, Object};
use crate::version::{Policy, version};

/// A tag of the recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// The name.
    pub name: String,
    /// True for an annotated tag. Only those are releases.
    pub annotated: bool,
    /// The release's notes.
    #[serde(default)]
    pub notes: Option<String>,
}

/// The clone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipeClone {
    /// The time of the last fetch.
    pub fetched: Option<Timestamp>,
    /// The tags.
    pub tags: Vec<Tag>,
    /// The commit of a version that is not a release.
    pub commit: Option<String>,
    /// The content of the versions that may be deployed, by tag or commit.
    pub contents: BTreeMap<String, Contents>,
}

/// The content of one version of the recipe, as far as a deploy needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// The keys its `.env.sample` knows; `None` when it has none.
    pub keys: Option<Vec<String>>,
    /// Declared compose files it does not have.
    pub missing_files: Vec<String>,
}

/// Observes the clone; `None` without one.
pub async fn observe(git: &Git, policy: &Policy, compose_files: &[String]) -> Result<Option<RecipeClone>, git::Error> {
    if !git.exists() {
        return Ok(None);
    }
    let mut tags: Vec<Tag> = git
        .tags()
        .await?
        .into_iter()
        .map(|tag| Tag { name: tag.name, annotated: tag.annotated, notes: None })
        .collect();
    let (commit_name, wanted) = match policy {
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
        questions.ask_contents(tag, compose_files);
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
        let (contents_of, notes) = contents_and_notes(compose_files, &mut answers);
        if let Some(tag) = tags.iter_mut().find(|tag| tag.name == name) {
            tag.notes = notes;
            contents.insert(name, contents_of);
        }
    }
    if let Some(commit) = &commit {
        let mut questions = Questions::default();
        questions.ask_contents(commit, compose_files);
        let mut answers = git.objects(&questions.names).await?.into_iter();
        contents.insert(commit.clone(), contents_and_notes(compose_files, &mut answers).0);
    }
    let fetched = git.fetched().and_then(|time| Timestamp::try_from(time).ok());
    Ok(Some(RecipeClone { fetched, tags, commit, contents }))
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

    fn ask_contents(&mut self, version: &str, compose_files: &[String]) {
        self.ask(format!("{version}:.env.sample"));
        self.ask(format!("{version}:release/{version}"));
        for file in compose_files {
            self.ask(format!("{version}:{file}"));
        }
    }
}

fn contents_and_notes(
    compose_files: &[String],
    answers: &mut impl Iterator<Item = Option<Object>>,
) -> (Contents, Option<String>) {
    let sample = answers.next().flatten();
    let notes = answers.next().flatten().map(|object| String::from_utf8_lossy(&object.content).into_owned());
    let files = compose_files.iter();
    let missing_files = files.filter(|_| answers.next().flatten().is_none()).cloned().collect();
    let keys = sample.map(|object| EnvFile::parse(&object.content).known_keys());
    (Contents { keys, missing_files }, notes)
}
