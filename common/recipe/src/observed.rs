//! Observes a recipe's app. Reads only.

mod attempts;
mod clone;
mod stack;

use std::collections::BTreeMap;
use std::{fs, io};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use crate::env_file::OddLine;
pub use crate::git::Moved;
pub use attempts::{ATTEMPT_LABEL, DeployAttempt};
pub use clone::{Contents, RecipeClone, Tag};
pub use stack::{AppService, Stack, StackService};

pub use docker::secret::{HASH, Secret};

use super::app::App;
use super::error::Error;
use super::version::{Policy, commit_in};
use crate::env_file::EnvFile;
use clone::Found;
use docker::{OddEntry, network, secret};

/// Everything that is common to all apps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// The reason why there is no swarm. Everything from Docker is empty then.
    pub no_swarm: Option<String>,
    /// True if a network `proxy` of scope swarm exists.
    pub proxy: bool,
    /// The app's secrets by kind, each kind sorted by number.
    pub secrets: BTreeMap<String, Vec<Secret>>,
    /// The recipe's clone, if it can be used.
    pub recipe: Option<RecipeClone>,
    /// The reason why the clone in place cannot be used, for example that it is damaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unusable_clone: Option<String>,
    /// The result of this run's fetch from the git server; `None` before it.
    pub fetch_result: Option<Result<(), String>>,
    /// The `.env`, parsed.
    pub env: Option<BTreeMap<String, String>>,
    /// The lines of the `.env` that abra cannot read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub odd_env_lines: Vec<OddLine>,
    /// The stack.
    pub stack: Stack,
    /// Recorded attempts.
    pub attempts: Vec<DeployAttempt>,
    /// Entries of Docker's lists that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub odd_entries: Vec<OddEntry>,
    /// True if this run has deployed the stack.
    pub deployed: bool,
}

impl Observed {
    /// The secrets of a kind, sorted by number.
    pub fn secrets(&self, kind: &str) -> &[Secret] {
        self.secrets.get(kind).map_or(&[], Vec::as_slice)
    }
}

impl App {
    /// Observes the app. `contents` are the wanted secrets by kind; `None` for one that is not known.
    pub async fn observe(
        &self,
        version: &Policy,
        compose_files: &[String],
        contents: &BTreeMap<&str, Option<SecretString>>,
    ) -> Result<Observed, Error> {
        let of_swarm = async {
            tokio::try_join!(
                secret::observe(&self.docker, &self.names.stack, self.piece, contents),
                attempts::observe(&self.docker, &self.names, self.piece),
                stack::observe(&self.docker, &self.names),
                network::find(&self.docker, "proxy"),
            )
        };
        // The future is large, as it has many calls of git.
        let of_recipe = Box::pin(clone::observe(&self.git, &self.source, version, compose_files));
        let (of_swarm, found) = tokio::join!(of_swarm, of_recipe);
        let (recipe, unusable_clone) = match found? {
            Found::Nothing => (None, None),
            Found::Unusable(reason) => (None, Some(reason)),
            Found::Usable(recipe) => (Some(recipe), None),
        };
        let memory = self.memory.borrow().clone();
        let env = self.env()?;
        let mut observed = Observed {
            recipe,
            unusable_clone,
            fetch_result: memory.fetch_result,
            env: env.as_ref().map(EnvFile::values),
            odd_env_lines: env.as_ref().map(EnvFile::odd_lines).unwrap_or_default(),
            deployed: memory.deployed,
            ..Observed::default()
        };
        match of_swarm {
            Ok((secrets, attempts, mut stack, proxy)) => {
                self.read_declared(&mut stack, compose_files).await?;
                let odd_entries = self.docker.odd_entries();
                Ok(Observed { proxy: proxy.is_some(), secrets, stack, attempts, odd_entries, ..observed })
            }
            Err(error) if error.is_no_manager() => {
                observed.no_swarm = Some(error.why_no_swarm().await);
                Ok(observed)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the declared replicas of services that have none.
    async fn read_declared(&self, stack: &mut Stack, compose_files: &[String]) -> Result<(), Error> {
        let is_off = |service: &StackService| service.tasks.wanted == 0;
        let Some(app) = stack.app.as_ref().filter(|_| stack.services.iter().any(is_off)) else { return Ok(()) };
        let Some(version) = app.chaos.as_deref().map(commit_in).or(app.version.as_deref()) else { return Ok(()) };
        let replicas = match clone::replicas(&self.git, version, compose_files).await {
            // No usable clone: they stay unknown.
            Err(error) if error.is_damage() => return Ok(()),
            replicas => replicas?,
        };
        for service in stack.services.iter_mut().filter(|service| is_off(service)) {
            service.declared = self.names.in_recipe(&service.name).and_then(|name| replicas.get(name).copied());
        }
        Ok(())
    }

    fn env(&self) -> Result<Option<EnvFile>, Error> {
        match fs::read(&self.env_path) {
            Ok(text) => Ok(Some(EnvFile::parse(&text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::File { what: "read", path: self.env_path.clone(), source }),
        }
    }
}
