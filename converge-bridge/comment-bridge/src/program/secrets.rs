//! The secrets, each a file. They are shown nowhere.

use std::path::{Path, PathBuf};

use base::credential;
use base::credential::Credentials;
use base::error::{Class, Explain};
use secrecy::{ExposeSecret, SecretString};

use crate::bridge::Tokens;

const GITEA: &str = "gitea_token";
const DRONE: &str = "drone_token";
const WEBHOOK: &str = "webhook_secret";

/// What the bridge proves itself with, and what deliveries are proved by.
#[derive(Debug)]
pub struct Secrets {
    /// The two tokens.
    pub tokens: Tokens,
    /// What deliveries are signed with, where they are listened to.
    pub webhook: Option<SecretString>,
}

/// Why a secret cannot be used. Never carries its content.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be had.
    #[error("the secret {} cannot be had", path.display())]
    Absent {
        /// Its file.
        path: PathBuf,
        /// Why not.
        source: credential::Error,
    },
    /// No header may hold it.
    #[error("the secret {} is no token: it holds white space or characters that no token has", path.display())]
    NoToken {
        /// Its file.
        path: PathBuf,
    },
}

impl Explain for Error {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Absent { path, .. } if path.ends_with(WEBHOOK) => {
                "give the service the secret webhook_secret, or set webhook to false".into()
            }
            Self::Absent { .. } => {
                "converge-bridge gives the service its secrets; by hand, name their folder with --secrets".into()
            }
            Self::NoToken { .. } => "put the token alone into the file, as the server showed it".into(),
        })
    }
}

impl Secrets {
    /// Reads those that are needed.
    pub fn read(folder: &Path, with_webhook: bool) -> Result<Self, Error> {
        let tokens = Tokens { gitea: token(folder, GITEA)?, drone: token(folder, DRONE)? };
        let webhook = with_webhook.then(|| read(folder, WEBHOOK)).transpose()?;
        Ok(Self { tokens, webhook })
    }
}

/// Without what an editor leaves at the end.
fn read(folder: &Path, name: &str) -> Result<SecretString, Error> {
    let secret = Credentials::in_directory(folder).read(name);
    let secret = secret.map_err(|source| Error::Absent { path: folder.join(name), source })?;
    Ok(SecretString::from(secret.expose_secret().trim()))
}

fn token(folder: &Path, name: &str) -> Result<SecretString, Error> {
    let token = read(folder, name)?;
    let fits = token.expose_secret().chars().all(|c| c.is_ascii_graphic());
    if fits { Ok(token) } else { Err(Error::NoToken { path: folder.join(name) }) }
}
