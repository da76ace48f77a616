//! What can go wrong with Drone.

use std::io;
use std::path::PathBuf;

use base::error::{Class, Explain};

use crate::login;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The recipe's app could not be looked at or changed.
    #[error(transparent)]
    Recipe(#[from] recipe::Error),
    /// Docker could not be reached.
    #[error(transparent)]
    Docker(#[from] docker::Error),
    /// A call to Gitea or Drone failed.
    #[error(transparent)]
    Http(#[from] http::Error),
    /// The bot cannot be logged in.
    #[error(transparent)]
    Login(#[from] login::Blocked),
    /// systemd could not be asked, or did not do it.
    #[error(transparent)]
    Systemd(#[from] systemd::Error),
    /// A kept secret could not be read or written.
    #[error("cannot {what} {}", path.display())]
    State {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was there when the plan was made is gone.
    #[error("{what} is not there any more")]
    Gone {
        /// What.
        what: &'static str,
    },
    /// Gitea refuses the client secret that Drone has; it can be had anew.
    #[error("Gitea refuses the client secret that Drone has")]
    ClientSecretRefused,
    /// What was to be created is there by now.
    #[error("there is an OAuth application `{name}` by now")]
    AlreadyThere {
        /// Its name.
        name: String,
    },
    /// Drone answered that it did, and did not.
    #[error("Drone ignored the settings of {repository}: it has {has} now")]
    Ignored {
        /// The repository.
        repository: String,
        /// The settings it has.
        has: String,
    },
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Recipe(error) => error.class(),
            Self::Docker(error) => error.class(),
            Self::Http(error) => error.class(),
            Self::Login(error) => error.class(),
            Self::Systemd(error) => error.class(),
            Self::State { .. } | Self::Ignored { .. } => Class::Blocked,
            Self::Gone { .. } | Self::AlreadyThere { .. } | Self::ClientSecretRefused => Class::Conflict,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Recipe(error) => error.hint(),
            Self::Docker(error) => error.hint(),
            Self::Http(error) => error.hint(),
            Self::Login(error) => error.hint(),
            Self::Systemd(error) => error.hint(),
            Self::State { .. } => Some("check the permissions and the free space of that directory".into()),
            Self::Gone { .. } | Self::AlreadyThere { .. } | Self::ClientSecretRefused => None,
            Self::Ignored { .. } => Some("only an administrator of Drone may set these; is the bot one?".into()),
        }
    }
}
