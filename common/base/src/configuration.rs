//! Reads and validates a configuration, all of it, before anything else happens.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::error::{Class, Explain};

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `networks.proxy.subnet`.
    pub at: String,
    /// What is wrong with it, as a predicate: `is not a network address`.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Problem {
    /// Something wrong at `at`.
    pub fn new(at: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { at: at.into(), message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at, self.message)
    }
}

/// Why a configuration cannot be used.
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
    #[error("the configuration {} is wrong{}", path.display(), at(place))]
    Shape {
        /// The file.
        path: PathBuf,
        /// Where in it.
        place: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The values do not make sense.
    #[error("the configuration {} is wrong: {}", path.display(), list(problems))]
    Values {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong.
        problems: Vec<Problem>,
    },
}

fn at(place: &str) -> String {
    if place == "." || place.is_empty() { String::new() } else { format!(" at {place}") }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
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
        })
    }
}

/// Reads the configuration at `path`, checks all of it by its types and by `problems`, and gives its bytes too.
pub fn read<D: DeserializeOwned>(
    path: &Path,
    problems: impl FnOnce(&D) -> Vec<Problem>,
) -> Result<(D, Vec<u8>), Error> {
    let text = fs::read(path).map_err(|source| Error::Read { path: path.into(), source })?;
    let mut json = serde_json::Deserializer::from_slice(&text);
    let shape = |place: String, source| Error::Shape { path: path.into(), place, source };
    let declared: D = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| shape(error.path().to_string(), error.into_inner()))?;
    json.end().map_err(|source| shape(".".into(), source))?;
    let problems = problems(&declared);
    if problems.is_empty() { Ok((declared, text)) } else { Err(Error::Values { path: path.into(), problems }) }
}
