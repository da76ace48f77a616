//! How a call to Drone can fail.

use base::error::{Class, Explain};

/// Why a call failed. Carries no secret: not the header, not the body.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configured address is none.
    #[error("`{0}` is no address of a Drone server")]
    Address(String),
    /// The server cannot be reached, or did not answer in time.
    #[error("Drone's server cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The server does not take our secret.
    #[error("Drone's server does not take this runner's secret")]
    Secret,
    /// Somebody else changed the same thing meanwhile.
    #[error("somebody else changed it meanwhile")]
    Conflict,
    /// The server says that it failed.
    #[error("Drone's server answered {status}: {said}")]
    Answer {
        /// The HTTP status.
        status: u16,
        /// Its words.
        said: String,
    },
    /// The answer is not what a Drone server says.
    #[error("the answer is not Drone's")]
    Strange(#[source] serde_json::Error),
    /// The answer is larger than any of Drone's.
    #[error("the answer is not Drone's: it is larger than 8 MiB")]
    Large,
}

impl Error {
    pub(super) fn unreachable(error: reqwest::Error) -> Self {
        // The address is the operator's own and known; without it the text stays short.
        Self::Unreachable(error.without_url())
    }
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Address(_) => Class::Configuration,
            // A secret is put right on either side without anybody telling us.
            Self::Unreachable(_) | Self::Secret => Class::Transient,
            Self::Answer { status, .. } if *status >= 500 || *status == 429 => Class::Transient,
            Self::Conflict => Class::Conflict,
            Self::Answer { .. } | Self::Strange(_) | Self::Large => Class::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Address(_) => "write it as https://drone.ci.example.org".into(),
            Self::Unreachable(_) => "see whether Drone runs: `converge drone --plan`".into(),
            Self::Secret => "the runner's credential `rpc-secret` and the server's DRONE_RPC_SECRET must be one; \
                             `systemctl restart converge-drone` brings them together"
                .into(),
            Self::Answer { .. } | Self::Strange(_) | Self::Large => {
                "see what answers at the server's address, and its log".into()
            }
            Self::Conflict => return None,
        })
    }
}
