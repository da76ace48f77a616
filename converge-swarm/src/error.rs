//! Errors of this crate.

use base::error::{Class, Explain};

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call to Docker failed.
    #[error(transparent)]
    Docker(#[from] docker::Error),
    /// The node joined or created a swarm between observation and initialisation.
    #[error("the node became part of a swarm meanwhile")]
    AlreadyInSwarm,
    /// The swarm has removed a network and this node has not yet.
    #[error("network {name} is still being removed")]
    BeingRemoved {
        /// The network.
        name: String,
    },
    /// Docker calls the node a manager, and its manager does not answer.
    #[error("the swarm's manager does not answer yet")]
    NoAnswerYet,
    /// Docker answered without something it always has.
    #[error("Docker's answer to `{call}` has no {field}")]
    Incomplete {
        /// The call.
        call: &'static str,
        /// The missing field.
        field: &'static str,
    },
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Docker(error) => error.class(),
            Self::AlreadyInSwarm => Class::Conflict,
            Self::BeingRemoved { .. } | Self::NoAnswerYet => Class::Transient,
            Self::Incomplete { .. } => Class::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Docker(error) => error.hint(),
            Self::AlreadyInSwarm => None,
            Self::BeingRemoved { name } => Some(format!("`docker network inspect {name}` shows what keeps it")),
            Self::NoAnswerYet => Some("`docker node ls` tells why; so does the journal of docker.service".into()),
            Self::Incomplete { .. } => {
                Some("check that DOCKER_HOST names a Docker daemon of version 20.10 or later".into())
            }
        }
    }
}
