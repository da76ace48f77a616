//! What can be changed, one mutation each.

mod docker;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;

use common::converger;
use common::env_file::EnvFile;
use common::error::{Explain, chain};
use common::file;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::observed::Try;
use crate::{Traefik, names};

/// One mutation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Clone the recipe.
    Clone,
    /// Fetch the recipe's branches and tags.
    Fetch,
    /// Create a secret with the certificate or the key.
    CreateSecret {
        /// `ssl_cert` or `ssl_key`.
        kind: String,
        /// Its name.
        name: String,
    },
    /// Remember in Swarm what is tried, or that it was rejected.
    Mark {
        /// What is remembered.
        mark: Try,
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
        /// A release's tag, or a commit's hash.
        version: String,
        /// Whether it is a release; else it is deployed as the checkout it is.
        is_release: bool,
        /// Why.
        because: Vec<String>,
        /// The version that it replaces because that did not become healthy.
        #[serde(skip_serializing_if = "Option::is_none")]
        rejection: Option<Rejection>,
    },
    /// Remove a superseded secret.
    RemoveSecret {
        /// Its name.
        name: String,
        /// Its id.
        id: String,
    },
    /// Forget a try.
    Unmark {
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
    /// What was seen.
    pub seen: String,
    /// The version that ran before it.
    pub back_to: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clone => f.write_str("clone the recipe"),
            Self::Fetch => f.write_str("fetch the recipe's releases"),
            Self::CreateSecret { name, .. } => write!(f, "create secret {name}"),
            Self::Mark { mark: Try { tag, rejected: None, back_to, .. } } => {
                write!(f, "remember that {tag} is tried and {back_to} ran before")
            }
            Self::Mark { mark } => write!(f, "remember that {} was rejected", mark.tag),
            Self::WriteEnv { keys, .. } => {
                write!(f, "set {} in the app's .env", keys.keys().cloned().collect::<Vec<_>>().join(", "))
            }
            Self::Deploy { version, rejection: Some(Rejection { tag, .. }), .. } => {
                write!(f, "go back from {tag} to {version}")
            }
            Self::Deploy { version, because, .. } => write!(f, "deploy traefik {version} ({})", because.join("; ")),
            Self::RemoveSecret { name, .. } => write!(f, "remove superseded secret {name}"),
            Self::Unmark { tag } => write!(f, "forget that {tag} was tried"),
        }
    }
}

impl converger::Change<Traefik> for Change {
    fn object(&self) -> String {
        match self {
            Self::Clone | Self::Fetch => "recipe/traefik".into(),
            Self::CreateSecret { name, .. } | Self::RemoveSecret { name, .. } => format!("secret/{name}"),
            Self::Mark { mark: Try { tag, .. } } | Self::Unmark { tag } => format!("try/{tag}"),
            Self::WriteEnv { .. } => "env/traefik".into(),
            Self::Deploy { .. } => "stack/traefik".into(),
        }
    }

    async fn apply(&self, on: &Traefik) -> Result<(), Error> {
        match self {
            Self::Clone => {
                ask(on, async || on.git.clone_from(&on.desired.recipe.source).await).await;
                Ok(())
            }
            Self::Fetch => {
                ask(on, async || on.git.fetch_from(&on.desired.recipe.source).await).await;
                Ok(())
            }
            Self::CreateSecret { kind, name } => docker::create_secret(on, kind, name).await,
            Self::Mark { mark } => docker::mark(on, mark).await,
            Self::WriteEnv { version, keys } => write_env(on, version, keys).await,
            Self::Deploy { version, is_release, rejection, .. } => {
                deploy(on, version, *is_release).await?;
                match rejection.clone() {
                    Some(Rejection { tag, seen, back_to }) => Err(Error::WentBack { tag, seen, back_to }),
                    None => Ok(()),
                }
            }
            Self::RemoveSecret { name, id } => docker::remove_secret(on, name, id).await,
            Self::Unmark { tag } => docker::unmark(on, tag).await,
        }
    }
}

/// Asks the git server. That it cannot be reached is remembered, and never a failure by itself: the plan says whether
/// this run needs it.
async fn ask(on: &Traefik, call: impl AsyncFn() -> Result<(), common::git::Error>) {
    let answer = on.backoff.retry(async || call().await).await;
    if let Err(error) = &answer {
        tracing::warn!("{}", chain(error));
        if let Some(hint) = error.hint() {
            tracing::warn!("hint: {hint}");
        }
    }
    on.memory.borrow_mut().asked = Some(answer.map_err(|error| chain(&error)));
}

async fn write_env(on: &Traefik, version: &str, keys: &BTreeMap<String, String>) -> Result<(), Error> {
    let path = on.env_path();
    // abra writes the version into the file too.
    let _lock = on.abra.lock().await?;
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let sample = on.git.objects(&[format!("{version}:.env.sample")]).await?.into_iter().next().flatten();
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

/// What is true afterwards is read from Docker, not from abra's words.
async fn deploy(on: &Traefik, version: &str, is_release: bool) -> Result<(), Error> {
    let domain = names::app_domain(&on.desired.domain);
    on.abra.version().await?;
    if is_release {
        on.abra.run(&["app", "deploy", &domain, version, "-o", "-f", "-c"]).await?;
    } else {
        let _lock = on.abra.lock().await?;
        on.git.check_out(version).await?;
        on.abra.run_locked(&["app", "deploy", &domain, "-o", "-f", "-c", "-C"]).await?;
    }
    on.memory.borrow_mut().deployed = true;
    Ok(())
}
