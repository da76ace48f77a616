//! Errors of a service of our own.

use base::error::{Class, Explain};

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call to Docker failed.
    #[error(transparent)]
    Docker(#[from] crate::Error),
    /// The archive of the image cannot be used.
    #[error(transparent)]
    Archive(#[from] crate::image::archive::Error),
    /// No HTTP client can be made for its address.
    #[error(transparent)]
    Http(#[from] http::Error),
    /// Something that the plan was made for is gone.
    #[error("{what} is not there any more")]
    Gone {
        /// The thing that is gone.
        what: String,
    },
    /// The version is too large for the client library.
    #[error("the version {0} of the service is larger than Docker's own clients can say")]
    Version(u64),
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Docker(error) => error.class(),
            Self::Archive(error) => error.class(),
            Self::Http(error) => error.class(),
            Self::Gone { .. } => Class::Conflict,
            Self::Version(_) => Class::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Docker(error) => error.hint(),
            Self::Archive(error) => error.hint(),
            Self::Http(error) => error.hint(),
            Self::Gone { .. } => None,
            Self::Version(_) => Some("remove the service; the next run creates it anew".into()),
        }
    }
}
