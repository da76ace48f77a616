//! The content of one version of the recipe, asked from git by one call for all versions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::compose;
use crate::env_file::EnvFile;
use crate::git;
use crate::git::{Git, Object};

/// The content of one version of the recipe, as far as a deploy needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// The keys its `.env.sample` knows; `None` when it has none.
    pub keys: Option<Vec<String>>,
    /// Declared compose files it does not have.
    pub missing_files: Vec<String>,
}

/// Objects to ask git for.
#[derive(Debug, Default)]
pub(super) struct Questions {
    names: Vec<String>,
}

/// The objects, in the order of the questions.
#[derive(Debug)]
pub(super) struct Answers(std::vec::IntoIter<Option<Object>>);

impl Questions {
    /// Asks for the commit of a branch as the origin has it, of a tag, and of a hash. The clone's own branch is as old as
    /// the clone, so it does not count.
    pub(super) fn ask_commit(&mut self, name: &str) {
        let is_hash = name.len() >= 4 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let hash = if is_hash { name } else { "" };
        let names = [format!("refs/remotes/origin/{name}"), format!("refs/tags/{name}"), hash.to_owned()];
        self.names.extend(names.map(|name| format!("{name}^{{commit}}")));
    }

    pub(super) fn ask_contents(&mut self, version: &str, compose_files: &[String]) {
        self.names.push(format!("{version}^{{tree}}"));
        let notes = format!("release/{version}");
        let files = [".env.sample", &notes].into_iter().chain(compose_files.iter().map(String::as_str));
        self.names.extend(files.map(|file| format!("{version}:{file}")));
    }

    pub(super) async fn answers(&self, git: &Git) -> Result<Answers, git::Error> {
        Ok(Answers(git.objects(&self.names).await?.into_iter()))
    }
}

impl Answers {
    fn next(&mut self) -> Option<Object> {
        self.0.next().flatten()
    }

    /// The commits of the branch, the tag and the hash.
    pub(super) fn commit(&mut self) -> [Option<String>; 3] {
        [self.next(), self.next(), self.next()].map(|object| object.map(|object| object.id))
    }

    /// The contents of a version, and its release notes.
    pub(super) fn contents(
        &mut self,
        version: &str,
        compose_files: &[String],
    ) -> Result<(Contents, Option<String>), git::Error> {
        let lost = |what: &str| git::Error::Damaged(format!("{what} of {version} is missing"));
        let tree = self.next();
        let file = |name: &str, object: Option<Object>| match object {
            Some(object) => Ok(Some(object).filter(|object| object.kind == "blob")),
            None if tree.as_ref().is_some_and(|tree| tree.lists(name)) => Err(lost(name)),
            None => Ok(None),
        };
        let keys = file(".env.sample", self.next())?.map(|object| EnvFile::parse(&object.content).known_keys());
        let notes = self.next().map(|object| String::from_utf8_lossy(&object.content).into_owned());
        let mut missing_files = Vec::new();
        for name in compose_files {
            if file(name, self.next())?.is_none() {
                missing_files.push(name.clone());
            }
        }
        if tree.is_none() {
            return Err(lost("the tree"));
        }
        Ok((Contents { keys, missing_files }, notes))
    }
}

/// The replicas that `version` declares, by service. A service of a file that is no YAML is left out.
pub async fn replicas(git: &Git, version: &str, compose_files: &[String]) -> Result<BTreeMap<String, u64>, git::Error> {
    let names: Vec<String> = compose_files.iter().map(|file| format!("{version}:{file}")).collect();
    let mut replicas = BTreeMap::new();
    for file in git.objects(&names).await?.into_iter().flatten() {
        for (name, number) in compose::replicas(&String::from_utf8_lossy(&file.content)) {
            // A later file may name a service only to add to it.
            let declared = replicas.entry(name).or_insert(1);
            *declared = number.unwrap_or(*declared);
        }
    }
    Ok(replicas)
}
