//! Loads and checks the configuration and the RPC secret.

use std::path::Path;

use base::configuration::{Error as ConfigurationError, Reader};
use base::credential;
use base::credential::Credentials;
use base::error::{Class, Explain};
use secrecy::{ExposeSecret, SecretString};

use super::{RPC_SECRET_CREDENTIAL, Settings};
use crate::config_hash::{ProgramFile, config_hash};

/// An error of the configuration or of the RPC secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be read, or is wrong.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The credential cannot be read.
    #[error("the secret that Drone's server and its runners share cannot be read")]
    Secret(#[from] credential::Error),
}

impl Explain for Error {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Configuration(source) => source.hint(),
            Self::Secret(source) => source.hint(),
        }
    }
}

/// A valid configuration with the RPC secret.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub settings: Settings,
    /// The RPC secret.
    pub secret: SecretString,
    /// The hash of both and of the program.
    pub config_hash: SecretString,
}

impl Settings {
    /// Reads and checks the file at `path`. Returns its bytes too.
    pub fn read(path: &Path) -> Result<(Self, Vec<u8>), Error> {
        Ok(Reader::OF_CONFIG.file(path, Self::problems)?)
    }
}

/// Loads the configuration at `path` and the RPC secret.
pub fn load(path: &Path, credentials: &Credentials, program: &ProgramFile) -> Result<Loaded, Error> {
    let (settings, text) = Settings::read(path)?;
    let secret = credentials.read(RPC_SECRET_CREDENTIAL)?;
    let secret = SecretString::from(secret.expose_secret().trim().to_owned());
    let config_hash = SecretString::from(config_hash(&text, secret.expose_secret(), program));
    Ok(Loaded { settings, secret, config_hash })
}
