//! What can go wrong with a scenario.

/// Why a scenario could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lab could not do something.
    #[error(transparent)]
    Lab(#[from] lab::Error),
    /// A page could not be had.
    #[error("cannot open {url}")]
    Web {
        /// Its address.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The client that opens pages could not be made.
    #[error("cannot make an HTTPS client")]
    Client(#[source] reqwest::Error),
    /// Something of this machine's could not be read.
    #[error("cannot {what}")]
    Io {
        /// What was tried.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// A report is no JSON.
    #[error("the report of converge-{piece} is damaged")]
    Report {
        /// Whose it is.
        piece: String,
        /// Why.
        source: serde_json::Error,
    },
    /// Something is not as it should be.
    #[error("{0}")]
    NotSo(String),
}

/// What a scenario's step gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;
