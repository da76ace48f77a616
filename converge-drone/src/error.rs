//! Errors of this piece.

use std::io;
use std::path::PathBuf;

use base::error::{Class, Explain};

use crate::login;

/// An error of this piece.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The app cannot be observed or changed.
    #[error(transparent)]
    Recipe(#[from] recipe::Error),
    /// Docker cannot be reached.
    #[error(transparent)]
    Docker(#[from] docker::Error),
    /// A call to Gitea or Drone failed.
    #[error(transparent)]
    Http(#[from] http::Error),
    /// The bot cannot be logged in.
    #[error(transparent)]
    Login(#[from] login::Blocked),
    /// A call to systemd failed.
    #[error(transparent)]
    Systemd(#[from] systemd::Error),
    /// The configuration of the runner cannot be read.
    #[error("the runner's configuration cannot be used")]
    Runner(#[from] drone_runner::settings::Error),
    /// A call of the runner's protocol failed.
    #[error(transparent)]
    Rpc(#[from] drone_runner::RpcError),
    /// A file of the state directory cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    State {
        /// `read`, `write` or `remove`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// An object of the plan is missing now.
    #[error("{what} is not there any more")]
    Gone {
        /// The object.
        what: &'static str,
    },
    /// Gitea refuses the client secret that Drone has. The next round gets a new one.
    #[error("Gitea refuses the client secret that Drone has")]
    ClientSecretRefused,
    /// Another client has created the application meanwhile.
    #[error("there is an OAuth application `{name}` now")]
    AlreadyThere {
        /// The name.
        name: String,
    },
    /// Drone answered with success, and did not set them.
    #[error("Drone ignored the settings of {repository}: it has {has} now")]
    Ignored {
        /// The repository.
        repository: String,
        /// The present settings.
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
            Self::Runner(error) => error.class(),
            Self::Rpc(error) => error.class(),
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
            Self::Runner(error) => error.hint(),
            Self::Rpc(error) => error.hint(),
            Self::State { .. } => Some("check the permissions and the free space of that directory".into()),
            Self::Gone { .. } | Self::AlreadyThere { .. } | Self::ClientSecretRefused => None,
            Self::Ignored { .. } => Some("only an administrator of Drone may set these; is the bot one?".into()),
        }
    }
}
