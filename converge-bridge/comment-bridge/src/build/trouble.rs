//! What stands in the way of a build, in words fit for a pull request: no address, nothing that differs each time.

use std::fmt;

/// What stands in the way of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No connection, or somebody else's answer.
    Unreachable,
    /// No answer in time. A repository without its `.drone.yml` takes Drone that long, too.
    Slow,
    /// 429 or 5xx.
    Failing(u16),
    /// The token is not accepted.
    Refused,
    /// The repository or its branch is not there, or not shown.
    NotFound,
    /// An answer that is none.
    Odd,
    /// No pipeline wants it.
    Unwanted,
    /// Too many builds to look through.
    Unprovable,
}

impl Trouble {
    /// Whether nothing came of a call that failed so, for certain.
    pub fn is_certain(error: &http::Error) -> bool {
        use http::Error;
        match error {
            Error::Refused { .. }
            | Error::NotFound { .. }
            | Error::NotServed { .. }
            | Error::Rejected { .. }
            | Error::Redirected { .. }
            | Error::Tls { .. } => true,
            // A server may fail after it has done its work.
            _ => false,
        }
    }
}

impl From<&http::Error> for Trouble {
    fn from(error: &http::Error) -> Self {
        use http::Error;
        match error {
            Error::Deadline { .. } => Self::Slow,
            Error::Unreachable { .. }
            | Error::Tls { .. }
            | Error::CutOff { .. }
            | Error::NotServed { .. }
            | Error::Redirected { .. }
            | Error::WebPage { .. } => Self::Unreachable,
            Error::Failing { status, .. } => Self::Failing(*status),
            Error::Refused { .. } => Self::Refused,
            Error::NotFound { .. } => Self::NotFound,
            _ => Self::Odd,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("Drone cannot be reached"),
            Self::Slow => f.write_str("Drone does not answer in time"),
            Self::Failing(status) => write!(f, "Drone answers with error {status}"),
            Self::Refused => f.write_str("Drone refuses the bridge's token"),
            Self::NotFound => f.write_str("Drone does not show the CI repository or its branch"),
            Self::Odd => f.write_str("Drone answers what cannot be understood"),
            Self::Unwanted => f.write_str("Drone finds no pipeline of the CI repository that wants the build"),
            Self::Unprovable => f.write_str("Drone has too many builds to tell whether this one is among them"),
        }
    }
}
