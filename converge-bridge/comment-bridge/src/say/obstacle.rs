//! What may be in the way of saying something.

use http::Error;

use crate::ledger;

/// Why something is not said at present.
#[derive(Debug, thiserror::Error)]
pub enum Obstacle {
    /// Gitea does not take it.
    #[error(transparent)]
    Gitea(#[from] http::Error),
    /// It cannot be written down.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The bridge is to end.
    #[error("it is to end")]
    Stopping,
}

/// Whether an error says that there is no Gitea for anybody at present, or that the bot is nobody to it.
pub fn is_of_the_server(error: &Error) -> bool {
    error.is_unavailable()
        || matches!(error, Error::Failing { status: 429 | 502..=504, .. } | Error::Refused { status: 401, .. })
}

/// Whether a call that failed so did nothing, for certain.
pub fn is_certain(error: &Error) -> bool {
    matches!(
        error,
        Error::Refused { .. }
            | Error::NotFound { .. }
            | Error::NotServed { .. }
            | Error::Rejected { .. }
            | Error::Redirected { .. }
            | Error::Tls { .. }
            | Error::Failing { status: 429, .. }
    )
}
