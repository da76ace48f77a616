//! Errors of calls to Drone.

use base::error::{Class, Explain};

/// An error of a call. Contains neither headers nor bodies of requests, so no secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configured address is not a URL.
    #[error("`{0}` is no address of a Drone server")]
    Address(String),
    /// The connection failed, or the deadline has passed.
    #[error("Drone's server cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The server refused the RPC secret.
    #[error("Drone's server does not take this runner's secret")]
    Secret,
    /// Another report or another runner was faster.
    #[error("the stage or step was changed meanwhile")]
    Conflict,
    /// The server answered with an error.
    #[error("Drone's server answered {status}: {message}")]
    Answer {
        /// The HTTP status.
        status: u16,
        /// The beginning of the body.
        message: String,
    },
    /// The answer is not the expected JSON.
    #[error("the answer is not Drone's")]
    Unparsable(#[source] serde_json::Error),
    /// The answer is larger than any of Drone's.
    #[error("the answer is not Drone's: it is larger than 8 MiB")]
    TooLarge,
}

impl Error {
    pub(super) fn unreachable(error: reqwest::Error) -> Self {
        // The operator knows the address; without it the text is short.
        Self::Unreachable(error.without_url())
    }
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Address(_) => Class::Configuration,
            // An operator may correct the secret on the server's side, so the runner retries.
            Self::Unreachable(_) | Self::Secret => Class::Transient,
            Self::Answer { status, .. } if *status >= 500 || *status == 429 => Class::Transient,
            Self::Conflict => Class::Conflict,
            Self::Answer { .. } | Self::Unparsable(_) | Self::TooLarge => Class::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Address(_) => "write it as https://drone.ci.example.org".into(),
            Self::Unreachable(_) => "see whether Drone runs: `converge drone --plan`".into(),
            Self::Secret => "the runner's credential `rpc-secret` and the server's DRONE_RPC_SECRET must be the same; \
                             `systemctl restart converge-drone` sets both"
                .into(),
            Self::Answer { .. } | Self::Unparsable(_) | Self::TooLarge => {
                "see which program answers at the server's address, and its log".into()
            }
            Self::Conflict => return None,
        })
    }
}
