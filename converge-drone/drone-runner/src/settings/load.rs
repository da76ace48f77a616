//! Reads and checks the configuration and the secret, all of it, before anything else happens.

use std::path::Path;

use base::configuration::{Error as ConfigurationError, Reader};
use base::credential;
use base::credential::Credentials;
use base::error::{Class, Explain};
use secrecy::{ExposeSecret, SecretString};

use super::Settings;
use crate::inputs::inputs;

/// Why the configuration or the secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The secret that the server and its runners share.
    #[error("the secret that Drone's server and its runners share cannot be had")]
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

/// A valid configuration with the secret that goes with it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What the operator declared.
    pub settings: Settings,
    /// What the server and its runners share.
    pub secret: SecretString,
    /// What both are fingerprinted by.
    pub inputs: SecretString,
}

impl Settings {
    /// Reads and checks the file at `path`; also gives its bytes.
    pub fn read(path: &Path) -> Result<(Self, Vec<u8>), Error> {
        Ok(Reader::OF_CONFIG.file(path, Self::problems)?)
    }
}

/// Reads the configuration at `path` and the credential `rpc-secret`.
pub fn load(path: &Path, credentials: &Credentials) -> Result<Loaded, Error> {
    let (settings, text) = Settings::read(path)?;
    let secret = credentials.read("rpc-secret")?;
    let secret = SecretString::from(secret.expose_secret().trim().to_owned());
    let inputs = SecretString::from(inputs(&text, secret.expose_secret()));
    Ok(Loaded { settings, secret, inputs })
}
