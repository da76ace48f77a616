//! Errors of a recipe's app.

use std::io;
use std::path::PathBuf;

use crate::{abra, env_file, git};
use base::error::{Class, Explain};

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call to Docker failed.
    #[error(transparent)]
    Docker(#[from] docker::Error),
    /// abra failed.
    #[error(transparent)]
    Abra(#[from] abra::Error),
    /// git failed.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// A key of the `.env` cannot be set.
    #[error("cannot set a key in {}", path.display())]
    Env {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: env_file::Error,
    },
    /// The `.env` could not be read or written.
    #[error("cannot {what} {}", path.display())]
    File {
        /// The action: `read`, `write`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The recipe's version has no `.env.sample` to begin a `.env` with.
    #[error("the recipe's version {version} has no .env.sample")]
    NoSample {
        /// The version.
        version: String,
    },
    /// A version did not become healthy, and the previous one runs again.
    #[error("{tag} did not become healthy ({seen}); went back to {back_to}")]
    RolledBack {
        /// The unhealthy version.
        tag: String,
        /// The state seen then.
        seen: String,
        /// The version that runs again.
        back_to: String,
    },
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Docker(error) => error.class(),
            Self::Abra(error) => error.class(),
            Self::Git(error) => error.class(),
            Self::Env { source, .. } => source.class(),
            Self::File { .. } | Self::NoSample { .. } => Class::Blocked,
            Self::RolledBack { .. } => Class::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Docker(error) => error.hint(),
            Self::Abra(error) => error.hint(),
            Self::Git(error) => error.hint(),
            Self::Env { source, .. } => source.hint(),
            Self::File { .. } => Some("check the permissions and the free space of that directory".into()),
            Self::NoSample { .. } => Some("choose another version of the recipe".into()),
            Self::RolledBack { tag, .. } => {
                Some(format!("{tag} is not tried again until a newer release appears; pin a version to choose another"))
            }
        }
    }
}
