//! Failures of calls to Gitea, as the report task tells them apart.

use http::Error;

use crate::stop;

/// True if a call that failed like this certainly had no effect. Gitea limits the rate before it does the work.
pub fn had_no_effect(error: &Error) -> bool {
    stop::had_no_effect(error) || matches!(error, Error::Failing { status: 429, .. })
}
