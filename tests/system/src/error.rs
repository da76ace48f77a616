//! Errors of a scenario.

/// Error of a scenario.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Error of the lab.
    #[error(transparent)]
    Lab(#[from] lab::Error),
    /// A page cannot be read.
    #[error("cannot open {url}")]
    Web {
        /// URL.
        url: String,
        /// Cause.
        source: reqwest::Error,
    },
    /// The client for pages cannot be made.
    #[error("cannot make an HTTPS client")]
    Client(#[source] reqwest::Error),
    /// A file or program of this machine cannot be used.
    #[error("cannot {what}")]
    Io {
        /// Action.
        what: String,
        /// Cause.
        source: std::io::Error,
    },
    /// A report is no valid JSON.
    #[error("the report of converge-{piece} is damaged")]
    Report {
        /// Converger of the report.
        piece: String,
        /// Cause.
        source: serde_json::Error,
    },
    /// A condition of the scenario does not hold.
    #[error("{0}")]
    NotSo(String),
}

/// Result of a step of a scenario.
pub type Result<T, E = Error> = std::result::Result<T, E>;
