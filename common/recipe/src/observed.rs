//! Observes a recipe's app. Reads only.

mod attempts;
mod clone;
mod stack;

use std::collections::BTreeMap;
use std::{fs, io};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use attempts::{ATTEMPT_LABEL, DeployAttempt};
pub use clone::{Contents, RecipeClone, Tag};
pub use stack::{AppService, Stack, StackService};

pub use docker::secret::{HASH, Secret};

use super::app::App;
use super::error::Error;
use super::version::Policy;
use crate::env_file::EnvFile;
use docker::{network, secret};

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
    /// The recipe's clone.
    pub recipe: Option<RecipeClone>,
    /// The result of this run's fetch from the git server; `None` before it.
    pub fetch_result: Option<Result<(), String>>,
    /// The `.env`, parsed.
    pub env: Option<BTreeMap<String, String>>,
    /// The stack.
    pub stack: Stack,
    /// Recorded attempts.
    pub attempts: Vec<DeployAttempt>,
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
        let (of_swarm, recipe) = tokio::join!(of_swarm, clone::observe(&self.git, version, compose_files));
        let memory = self.memory.borrow().clone();
        let mut observed = Observed {
            recipe: recipe?,
            fetch_result: memory.fetch_result,
            env: self.env()?,
            deployed: memory.deployed,
            ..Observed::default()
        };
        match of_swarm {
            Ok((secrets, attempts, stack, proxy)) => {
                Ok(Observed { proxy: proxy.is_some(), secrets, stack, attempts, ..observed })
            }
            Err(error) if error.is_no_manager() => {
                observed.no_swarm = Some(error.why_no_swarm().await);
                Ok(observed)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn env(&self) -> Result<Option<BTreeMap<String, String>>, Error> {
        match fs::read(&self.env_path) {
            Ok(text) => Ok(Some(EnvFile::parse(&text).values())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::File { what: "read", path: self.env_path.clone(), source }),
        }
    }
}
