//! Reads and checks the configuration and the secret, all of it, before anything else happens.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use common::converger::Problem;
use common::credential::{self, Credentials};
use common::error::{Class, Explain};
use secrecy::{ExposeSecret, SecretString};

use super::Settings;
use crate::runner::inputs::inputs;

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read.
    #[error("cannot read the configuration {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no JSON of the right shape.
    #[error("the configuration {} is wrong at {place}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// Where in it.
        place: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The values do not make sense.
    #[error(
        "the configuration {} is wrong: {}", path.display(),
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    Values {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong.
        problems: Vec<Problem>,
    },
    /// The secret that the server and its runners share.
    #[error("the secret that Drone's server and its runners share cannot be had")]
    Secret(#[from] credential::Error),
}

impl Explain for Error {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } => "name the file with --config".into(),
            Self::Shape { .. } => "--schema prints what a configuration may contain".into(),
            Self::Values { problems, .. } => {
                problems.iter().map(|problem| problem.hint.as_str()).collect::<Vec<_>>().join("; ")
            }
            Self::Secret(source) => return source.hint(),
        })
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
        let text = fs::read(path).map_err(|source| Error::Read { path: path.into(), source })?;
        let shape = |place: String, source| Error::Shape { path: path.into(), place, source };
        let mut json = serde_json::Deserializer::from_slice(&text);
        let settings: Self = serde_path_to_error::deserialize(&mut json)
            .map_err(|error| shape(error.path().to_string(), error.into_inner()))?;
        json.end().map_err(|source| shape(".".into(), source))?;
        let problems = settings.problems();
        if problems.is_empty() { Ok((settings, text)) } else { Err(Error::Values { path: path.into(), problems }) }
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
