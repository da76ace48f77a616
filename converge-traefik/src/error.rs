//! Errors of this crate.

use base::error::{Class, Explain};

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The recipe's app could not be observed or changed.
    #[error(transparent)]
    Recipe(#[from] recipe::Error),
    /// A call to Docker failed.
    #[error(transparent)]
    Docker(#[from] docker::Error),
    /// The certificate became unusable.
    #[error("the certificate is not usable any more")]
    NoCertificate,
}

impl Explain for Error {
    fn class(&self) -> Class {
        match self {
            Self::Recipe(error) => error.class(),
            Self::Docker(error) => error.class(),
            Self::NoCertificate => Class::Conflict,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Recipe(error) => error.hint(),
            Self::Docker(error) => error.hint(),
            Self::NoCertificate => None,
        }
    }
}
