//! The changes of a recipe's app, one mutation each.

mod docker;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

use super::SecretContent;
use super::app::App;
use super::error::Error;
use super::observed::DeployAttempt;

use crate::env_file::EnvFile;
use base::error::{Explain, chain};
use base::file;

/// One mutation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Clone the recipe.
    Clone,
    /// Clone the recipe in place of an unusable clone.
    CloneAnew {
        /// The reason why the present one is unusable.
        because: String,
    },
    /// Fetch the recipe's branches and tags.
    Fetch {
        /// The running release, whose tag stays if the origin has moved it.
        #[serde(skip_serializing_if = "Option::is_none")]
        keep: Option<String>,
    },
    /// Create a secret.
    CreateSecret {
        /// The kind: `ssl_cert`.
        kind: String,
        /// The name.
        name: String,
    },
    /// Record an attempt in Swarm, or its rejection.
    RecordAttempt {
        /// The attempt.
        attempt: DeployAttempt,
    },
    /// Write keys of the `.env`.
    WriteEnv {
        /// The version whose `.env.sample` a new file begins with.
        version: String,
        /// The keys.
        keys: BTreeMap<String, String>,
    },
    /// Deploy the stack by abra.
    Deploy {
        /// The recipe.
        recipe: String,
        /// A release's tag, or a commit's hash.
        version: String,
        /// True for a release. Otherwise abra deploys the checkout (chaos).
        is_release: bool,
        /// The reasons.
        because: Vec<String>,
        /// The unhealthy version that this deploy replaces.
        #[serde(skip_serializing_if = "Option::is_none")]
        rejection: Option<Rejection>,
    },
    /// Remove a superseded secret.
    RemoveSecret {
        /// The name.
        name: String,
        /// The id.
        id: String,
    },
    /// Remove the record of an attempt.
    ForgetAttempt {
        /// The version that was tried.
        tag: String,
    },
}

/// A version that did not become healthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// The version.
    pub tag: String,
    /// The state seen then.
    pub seen: String,
    /// The version that ran before it.
    pub back_to: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clone => f.write_str("clone the recipe"),
            Self::CloneAnew { because } => write!(f, "clone the recipe again ({because})"),
            Self::Fetch { .. } => f.write_str("fetch the recipe's releases"),
            Self::CreateSecret { name, .. } => write!(f, "create secret {name}"),
            Self::RecordAttempt { attempt: DeployAttempt { tag, rejected: None, back_to, .. } } => {
                write!(f, "record the attempt of {tag} ({back_to} ran before)")
            }
            Self::RecordAttempt { attempt } => write!(f, "record that {} was rejected", attempt.tag),
            Self::WriteEnv { keys, .. } => {
                write!(f, "set {} in the app's .env", keys.keys().cloned().collect::<Vec<_>>().join(", "))
            }
            Self::Deploy { version, rejection: Some(Rejection { tag, .. }), .. } => {
                write!(f, "go back from {tag} to {version}")
            }
            Self::Deploy { recipe, version, because, .. } => {
                write!(f, "deploy {recipe} {version} ({})", because.join("; "))
            }
            Self::RemoveSecret { name, .. } => write!(f, "remove superseded secret {name}"),
            Self::ForgetAttempt { tag } => write!(f, "forget the attempt of {tag}"),
        }
    }
}

impl Change {
    /// Returns the changed object of the app of `recipe`, for the journal: `stack/traefik`.
    pub fn object(&self, recipe: &str) -> String {
        match self {
            Self::Clone | Self::CloneAnew { .. } | Self::Fetch { .. } => format!("recipe/{recipe}"),
            Self::CreateSecret { name, .. } | Self::RemoveSecret { name, .. } => format!("secret/{name}"),
            Self::RecordAttempt { attempt: DeployAttempt { tag, .. } } | Self::ForgetAttempt { tag } => {
                format!("attempt/{tag}")
            }
            Self::WriteEnv { .. } => format!("env/{recipe}"),
            Self::Deploy { .. } => format!("stack/{recipe}"),
        }
    }

    /// Makes the change. `content` returns the content of a new secret of a kind.
    pub async fn apply<E: From<Error>>(
        &self,
        app: &App,
        content: impl FnOnce(&str) -> Result<SecretContent, E>,
    ) -> Result<(), E> {
        match self {
            Self::Clone | Self::CloneAnew { .. } => app.ask(async || app.git.clone_from(&app.source).await).await,
            Self::Fetch { keep } => app.ask(async || app.git.refresh(&app.source, keep.as_deref()).await).await,
            Self::CreateSecret { kind, name } => {
                let SecretContent { secret, labels } = content(kind)?;
                app.create_secret(name, &secret, labels).await?;
            }
            Self::RecordAttempt { attempt } => app.record_attempt(attempt).await?,
            Self::WriteEnv { version, keys } => app.write_env(version, keys).await?,
            Self::Deploy { version, is_release, rejection, .. } => {
                app.deploy(version, *is_release).await?;
                if let Some(Rejection { tag, seen, back_to }) = rejection.clone() {
                    return Err(Error::RolledBack { tag, seen, back_to }.into());
                }
            }
            Self::RemoveSecret { name, id } => app.remove_secret(name, id).await?,
            Self::ForgetAttempt { tag } => app.forget_attempt(tag).await?,
        }
        Ok(())
    }
}

impl App {
    /// Clones or fetches. An unreachable git server is recorded and never a failure by itself: the plan decides
    /// whether this run needs it.
    async fn ask(&self, call: impl AsyncFn() -> Result<(), crate::git::Error>) {
        let answer = self.backoff.retry(async || call().await).await;
        if let Err(error) = &answer {
            tracing::warn!("{}", chain(error));
            if let Some(hint) = error.hint() {
                tracing::warn!("hint: {hint}");
            }
        }
        self.memory.borrow_mut().fetch_result = Some(answer.map_err(|error| chain(&error)));
    }

    async fn write_env(&self, version: &str, keys: &BTreeMap<String, String>) -> Result<(), Error> {
        let path = self.env_path.clone();
        // abra writes the version into the file too.
        let _lock = self.abra.lock().await?;
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let sample = self.git.objects(&[format!("{version}:.env.sample")]).await?.into_iter().next().flatten();
                sample.ok_or_else(|| Error::NoSample { version: version.into() })?.content
            }
            Err(source) => return Err(Error::File { what: "read", path, source }),
        };
        let mut env = EnvFile::parse(&text);
        for (key, value) in keys {
            env.set(key, value).map_err(|source| Error::Env { path: path.clone(), source })?;
        }
        file::replace(&path, &env.to_bytes(), 0o600).map_err(|source| Error::File { what: "write", path, source })
    }

    /// The result is read from Docker afterwards, not from abra's output.
    async fn deploy(&self, version: &str, is_release: bool) -> Result<(), Error> {
        let domain = &self.names.domain;
        self.abra.version().await?;
        if is_release {
            self.abra.run(&["app", "deploy", domain, version, "-o", "-f", "-c"]).await?;
        } else {
            let _lock = self.abra.lock().await?;
            self.git.check_out(version).await?;
            self.abra.run_locked(&["app", "deploy", domain, "-o", "-f", "-c", "-C"]).await?;
        }
        self.memory.borrow_mut().deployed = true;
        Ok(())
    }
}
