//! Errors of calls to Docker.

use std::time::Duration;

use bollard::errors::Error as Client;

use base::error::{Class, Explain};

use super::list::OddEntry;

/// A call to Docker that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what}")]
pub struct Error {
    what: String,
    source: Failure,
}

/// The failure of a call.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The client library failed, or the daemon refused.
    #[error("{}", in_words(.0))]
    Client(Client),
    /// The socket could not be used.
    #[error("the socket cannot be used")]
    Socket(#[source] std::io::Error),
    /// The answer does not come from a Docker daemon.
    #[error("what answered is no Docker daemon")]
    NotDocker,
    /// A list has entries, and none of them can be read.
    #[error("no entry of the list can be read: {0}")]
    OddEntry(OddEntry),
    /// The archive of an image could not be read.
    #[error("the archive cannot be read")]
    Archive(#[source] std::io::Error),
    /// No answer came in time.
    #[error("Docker did not answer within {} s", .0.as_secs())]
    Deadline(Duration),
    /// The daemon is not on this host.
    #[error("`{0}` is no unix socket")]
    OtherHost(String),
}

impl Error {
    /// The call named `what` failed.
    pub fn new(what: impl Into<String>, source: Failure) -> Self {
        Self { what: what.into(), source }
    }

    pub(super) fn other_host(host: &str) -> Self {
        Self::new("connect to Docker", Failure::OtherHost(host.into()))
    }

    /// The HTTP status the daemon refused with, if it answered.
    pub fn status(&self) -> Option<u16> {
        match &self.source {
            Failure::Client(Client::DockerResponseServerError { status_code, .. }) => Some(*status_code),
            _ => None,
        }
    }

    /// The daemon's message when it refused.
    pub fn message(&self) -> Option<&str> {
        match &self.source {
            Failure::Client(Client::DockerResponseServerError { message, .. }) => Some(message),
            _ => None,
        }
    }

    /// True if the object does not exist.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// Returns `Ok` if the object to remove is gone already.
    pub fn unless_gone(self) -> Result<(), Self> {
        if self.is_not_found() { Ok(()) } else { Err(self) }
    }

    /// True if Docker refused because this node is not a manager of a swarm.
    pub fn is_no_manager(&self) -> bool {
        self.status() == Some(503) && self.message().is_some_and(|message| message.contains("swarm"))
    }

    /// Returns the reason why there is no swarm, from Docker and systemd.
    pub async fn why_no_swarm(&self) -> String {
        let message = self.message().unwrap_or_default().lines().next().unwrap_or_default().to_owned();
        match systemd::unit::summary("converge-swarm.service").await {
            Some(words) => format!("{message} (converge-swarm.service is {words})"),
            None => message,
        }
    }
}

impl Explain for Error {
    fn class(&self) -> Class {
        match &self.source {
            Failure::OtherHost(_) => Class::Configuration,
            Failure::Socket(_) => Class::Transient,
            // A call past its deadline may have had its effect, and the daemon had its time.
            Failure::NotDocker | Failure::OddEntry(_) | Failure::Deadline(_) | Failure::Archive(_) => Class::Failed,
            Failure::Client(error) => match error {
                Client::DockerResponseServerError { status_code: 409, .. } => Class::Conflict,
                Client::DockerResponseServerError { message, .. } if is_conflict(message) => Class::Conflict,
                Client::DockerResponseServerError { status_code: 502 | 504, .. } => Class::Transient,
                Client::DockerResponseServerError { status_code: 503, message } if !message.contains("swarm") => {
                    Class::Transient
                }
                Client::DockerResponseServerError { .. }
                | Client::DockerStreamError { .. }
                | Client::JsonDataError { .. } => Class::Failed,
                _ => Class::Transient,
            },
        }
    }

    fn hint(&self) -> Option<String> {
        match &self.source {
            Failure::OtherHost(_) => Some("set DOCKER_HOST to a unix:// address, or leave it out".into()),
            Failure::Deadline(_) => {
                Some("`systemctl status docker.service` and its journal tell what it is doing".into())
            }
            Failure::OddEntry(entry) => Some(entry.hint()),
            Failure::Archive(_) => Some("set image to the archive that was built with this project".into()),
            Failure::Client(Client::DockerResponseServerError { .. } | Client::DockerStreamError { .. }) => None,
            Failure::NotDocker | Failure::Client(Client::JsonDataError { .. }) => {
                Some("what answered is no Docker daemon this program understands; check DOCKER_HOST".into())
            }
            Failure::Client(Client::HyperLegacyError { err }) if !err.is_connect() => Some(
                "what answered may be no Docker daemon, or it ended meanwhile; check DOCKER_HOST and \
                 `systemctl status docker.service`"
                    .into(),
            ),
            Failure::Socket(_) | Failure::Client(_) => {
                Some("is Docker running? `systemctl status docker.service`".into())
            }
        }
    }
}

/// True for the refusals of Swarm, with status 500, that mean that another writer was faster.
fn is_conflict(message: &str) -> bool {
    ["update out of sequence", "name conflicts with an existing object"].iter().any(|part| message.contains(part))
}

/// The sentence of a client error: the daemon's own where it has one.
fn in_words(error: &Client) -> String {
    match error {
        Client::DockerResponseServerError { status_code, message } => {
            format!("Docker refused with {status_code}: {}", message.trim())
        }
        Client::DockerStreamError { error } => format!("Docker failed: {}", error.trim()),
        Client::SocketNotFoundError(path) => format!("there is no socket at {path}"),
        Client::RequestTimeoutError => "Docker did not answer in time".into(),
        other => base::error::chain(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(status_code: u16, message: &str) -> Class {
        let refused = Client::DockerResponseServerError { status_code, message: message.into() };
        Error::new("create network proxy", Failure::Client(refused)).class()
    }

    #[test]
    fn a_faster_writer_is_a_conflict() {
        assert_eq!(class(409, "network with name proxy already exists"), Class::Conflict);
        assert_eq!(class(500, "rpc error: code = Unknown desc = update out of sequence"), Class::Conflict);
        let taken = "rpc error: code = Unknown desc = name conflicts with an existing object";
        assert_eq!(class(500, taken), Class::Conflict);
        assert_eq!(class(500, "rpc error: code = Unknown desc = no space left on device"), Class::Failed);
    }
}
