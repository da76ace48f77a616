//! The secrets, read from one file each and never shown.

use std::path::{Path, PathBuf};

use base::credential;
use base::credential::Credentials;
use base::error::{Class, Explain};
use secrecy::{ExposeSecret, SecretString};

/// The name of the secret with the bot's token for Gitea.
pub const GITEA_TOKEN: &str = "gitea_token";
/// The name of the secret with the token for Drone.
pub const DRONE_TOKEN: &str = "drone_token";
/// The name of the secret that signs the webhook's deliveries.
pub const WEBHOOK_SECRET: &str = "webhook_secret";

/// The tokens for the two servers.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The bot's token for Gitea.
    pub gitea: SecretString,
    /// The token for Drone.
    pub drone: SecretString,
}

/// All secrets of the service.
#[derive(Debug)]
pub struct Secrets {
    /// The tokens for the two servers.
    pub tokens: Tokens,
    /// The key of the webhook's signatures; `None` without a webhook.
    pub webhook: Option<SecretString>,
}

/// Error of a secret. Does not contain the secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("the secret {} cannot be read", path.display())]
    Absent {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: credential::Error,
    },
    /// The content cannot stand in a header.
    #[error("the secret {} is not a token: it contains white space or non-ASCII characters", path.display())]
    NotAToken {
        /// The file.
        path: PathBuf,
    },
}

impl Explain for Error {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Absent { path, .. } if path.ends_with(WEBHOOK_SECRET) => {
                "give the service the secret webhook_secret, or set webhook to false".into()
            }
            Self::Absent { .. } => {
                "converge-bridge mounts the secrets into the service; by hand, name their directory with --secrets"
                    .into()
            }
            Self::NotAToken { .. } => "write only the token into the file, as the server showed it".into(),
        })
    }
}

impl Secrets {
    /// Reads the secrets; the webhook's only with `with_webhook`.
    pub fn read(folder: &Path, with_webhook: bool) -> Result<Self, Error> {
        let tokens = Tokens { gitea: token(folder, GITEA_TOKEN)?, drone: token(folder, DRONE_TOKEN)? };
        let webhook = with_webhook.then(|| read(folder, WEBHOOK_SECRET)).transpose()?;
        Ok(Self { tokens, webhook })
    }
}

/// Reads a secret without the line break that an editor appends.
fn read(folder: &Path, name: &str) -> Result<SecretString, Error> {
    let secret = Credentials::in_directory(folder).read(name);
    let secret = secret.map_err(|source| Error::Absent { path: folder.join(name), source })?;
    Ok(SecretString::from(secret.expose_secret().trim()))
}

fn token(folder: &Path, name: &str) -> Result<SecretString, Error> {
    let token = read(folder, name)?;
    let fits = token.expose_secret().chars().all(|c| c.is_ascii_graphic());
    if fits { Ok(token) } else { Err(Error::NotAToken { path: folder.join(name) }) }
}
