//! Problems with Gitea.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Problem with Gitea.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GiteaProblem {
    /// No connection, or the answer of another server.
    Unreachable,
    /// No answer before the deadline.
    Slow,
    /// 429 or 5xx.
    Failing(u16),
    /// The token is not accepted, or lacks a right or a scope.
    Refused,
    /// The bot does not see the members of the organisation.
    MembersHidden,
    /// The bot does not see the comment and its pull request.
    NotVisible,
    /// The repository does not have the head of the pull request.
    HeadUnknown,
    /// An answer that makes no sense.
    Odd,
}

impl GiteaProblem {
    /// All names in metrics.
    pub const NAMES: [&str; 8] = [
        "unreachable",
        "timeout",
        "server_error",
        "refused",
        "members_hidden",
        "not_visible",
        "head_unknown",
        "invalid_response",
    ];

    /// The name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Slow => "timeout",
            Self::Failing(_) => "server_error",
            Self::Refused => "refused",
            Self::MembersHidden => "members_hidden",
            Self::NotVisible => "not_visible",
            Self::HeadUnknown => "head_unknown",
            Self::Odd => "invalid_response",
        }
    }
}

impl From<&http::Error> for GiteaProblem {
    fn from(error: &http::Error) -> Self {
        use http::Error;
        match error {
            Error::Deadline { .. } => Self::Slow,
            _ if error.is_unreachable() => Self::Unreachable,
            Error::Failing { status, .. } => Self::Failing(*status),
            Error::Refused { .. } => Self::Refused,
            Error::NotFound { .. } => Self::NotVisible,
            _ => Self::Odd,
        }
    }
}

impl fmt::Display for GiteaProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("Gitea cannot be reached"),
            Self::Slow => f.write_str("Gitea does not answer in time"),
            Self::Failing(status) => write!(f, "Gitea answers with error {status}"),
            Self::Refused => f.write_str("Gitea refuses the bot's token"),
            Self::MembersHidden => f.write_str("Gitea does not show the organisation's members to the bot"),
            Self::NotVisible => f.write_str("Gitea does not show the pull request to the bot"),
            Self::HeadUnknown => f.write_str("Gitea does not have the head of the pull request"),
            Self::Odd => f.write_str("Gitea's answer cannot be understood"),
        }
    }
}
