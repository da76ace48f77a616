//! Failures of calls to Gitea, as the report task tells them apart.

use http::Error;

use crate::stop;

/// True if Gitea serves no pull request at present, or does not know the bot. Wider than [`Error::is_unavailable`], the rule
/// of `poll` and `decide`, where a 401 or 502 without `Retry-After` holds up one pull request only.
pub fn is_of_the_server(error: &Error) -> bool {
    error.is_unavailable()
        || matches!(error, Error::Failing { status: 429 | 502..=504, .. } | Error::Refused { status: 401, .. })
}

/// True if a call that failed like this certainly had no effect. Gitea limits the rate before it does the work.
pub fn had_no_effect(error: &Error) -> bool {
    stop::had_no_effect(error) || matches!(error, Error::Failing { status: 429, .. })
}
