//! Errors of calls to Drone.

use base::error::{Class, Explain};
use reqwest::StatusCode;

/// An error of a call. Contains neither headers nor bodies of requests, so no secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configured address is not a URL.
    #[error("`{0}` is no address of a Drone server")]
    Address(String),
    /// The connection failed, or the deadline has passed.
    #[error("Drone's server cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// Another server answered, for example a proxy that has no route to Drone.
    #[error("another server than Drone answers at its address: {status}{}{message}", if message.is_empty() { "" } else { ", " })]
    NotDrone {
        /// The HTTP status.
        status: u16,
        /// The title of the page, or the beginning of the body.
        message: String,
    },
    /// A proxy refuses the content of a log: its size, or words in it.
    #[error("a proxy before Drone refuses the log: {status}")]
    LogRefused {
        /// The HTTP status.
        status: u16,
    },
    /// Drone refused the RPC secret.
    #[error("Drone's server does not take this runner's secret")]
    Secret,
    /// Another report or another runner was faster.
    #[error("the stage or step was changed meanwhile")]
    Conflict,
    /// Drone does not have the stage: its build was deleted.
    #[error("Drone's server does not know the stage or step")]
    Unknown,
    /// Drone failed, for example because it cannot reach Gitea.
    #[error("Drone's server failed: {0}")]
    Failed(String),
}

impl Error {
    pub(super) fn unreachable(error: reqwest::Error) -> Self {
        // The operator knows the address; without it the text is short.
        Self::Unreachable(error.without_url())
    }

    pub(super) fn not_drone(status: StatusCode, text: &str) -> Self {
        let text = if text.starts_with('<') { http::title(text) } else { http::quoted(text) };
        Self::NotDrone { status: status.as_u16(), message: text.unwrap_or_default() }
    }
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Address(_) => Class::Configuration,
            Self::LogRefused { .. } | Self::Unknown => Class::Failed,
            // An operator may correct the secret on the server's side, so the runner retries.
            Self::Unreachable(_) | Self::NotDrone { .. } | Self::Secret | Self::Failed(_) => Class::Transient,
            Self::Conflict => Class::Conflict,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Address(_) => "write it as https://drone.ci.example.org".into(),
            Self::Unreachable(_) => "see whether Drone runs: `converge drone --plan`".into(),
            Self::Secret => "the runner's credential `rpc-secret` and the server's DRONE_RPC_SECRET must be the same; \
                             `systemctl restart converge-drone` sets both"
                .into(),
            Self::NotDrone { .. } => "see which program answers at the server's address, and its log".into(),
            Self::LogRefused { .. } => "see the limits and the rules of the proxy before Drone".into(),
            Self::Failed(_) => "see the log of Drone's service".into(),
            Self::Conflict | Self::Unknown => return None,
        })
    }
}
