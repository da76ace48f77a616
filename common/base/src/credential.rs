//! Credentials from systemd.
//!
//! A credential is a file in `$CREDENTIALS_DIRECTORY`. Its content lives in a [`SecretString`]: never in argv, in an
//! environment, in a log, in a report or in an error.

use std::env;
use std::fs;
use std::io;
use std::path::PathBuf;

use secrecy::SecretString;

use crate::error::{Class, Explain};

/// The largest credential that is read; systemd's own limit.
const LARGEST: u64 = 1024 * 1024;

/// The directory of the credentials.
#[derive(Debug, Clone)]
pub struct Credentials {
    directory: Option<PathBuf>,
}

/// The reason why a credential cannot be read. Never holds its content.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No directory was given.
    #[error("no credentials were given: CREDENTIALS_DIRECTORY is not set")]
    NoDirectory,
    /// The credential is not there.
    #[error("credential `{name}` is missing in {}", directory.display())]
    Missing {
        /// The name.
        name: String,
        /// The directory.
        directory: PathBuf,
    },
    /// The credential could not be read.
    #[error("credential `{name}` cannot be read")]
    Unreadable {
        /// The name.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// The credential is no text.
    #[error("credential `{name}` is not UTF-8 text")]
    NotText {
        /// The name.
        name: String,
    },
    /// The credential is empty.
    #[error("credential `{name}` is empty")]
    Empty {
        /// The name.
        name: String,
    },
}

impl Explain for Error {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoDirectory => {
                "run it by `converge <name>`, which passes the unit's credentials, or set CREDENTIALS_DIRECTORY".into()
            }
            Self::Missing { name, .. } => format!("add LoadCredential={name}:/path to the unit"),
            Self::Unreadable { name, .. } => format!("check the permissions of the file behind `{name}`"),
            Self::NotText { name } => {
                format!("write the file behind `{name}` as text in UTF-8; UTF-16 and binary forms are not read")
            }
            Self::Empty { name } => format!("fill the file behind `{name}`"),
        })
    }
}

impl Credentials {
    /// The directory systemd names in `CREDENTIALS_DIRECTORY`.
    pub fn from_environment() -> Self {
        Self { directory: env::var_os("CREDENTIALS_DIRECTORY").filter(|path| !path.is_empty()).map(PathBuf::from) }
    }

    /// The credentials in a directory of the caller's choice.
    pub fn in_directory(directory: impl Into<PathBuf>) -> Self {
        Self { directory: Some(directory.into()) }
    }

    /// Reads the credential `name`.
    pub fn read(&self, name: &str) -> Result<SecretString, Error> {
        let directory = self.directory.as_ref().ok_or(Error::NoDirectory)?;
        let path = directory.join(name);
        let unreadable = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => Error::Missing { name: name.into(), directory: directory.clone() },
            _ => Error::Unreadable { name: name.into(), source },
        };
        let length = fs::metadata(&path).map_err(unreadable)?.len();
        if length > LARGEST {
            let source = io::Error::other(format!("it has {length} bytes, more than {LARGEST}"));
            return Err(Error::Unreadable { name: name.into(), source });
        }
        let bytes = fs::read(&path).map_err(unreadable)?;
        let text = String::from_utf8(bytes).map_err(|_| Error::NotText { name: name.into() })?;
        if text.trim().is_empty() {
            return Err(Error::Empty { name: name.into() });
        }
        Ok(SecretString::from(text))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_credential_is_read_and_never_printed() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("token"), "canary-value\n").unwrap();
        let secret = Credentials::in_directory(directory.path()).read("token").unwrap();
        assert_eq!(secret.expose_secret(), "canary-value\n");
        assert!(!format!("{secret:?}").contains("canary"));
    }

    #[test]
    fn every_fault_of_a_credential_has_its_own_error() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("empty"), " \n").unwrap();
        fs::write(directory.path().join("binary"), [0xff, 0xfe]).unwrap();
        fs::create_dir(directory.path().join("folder")).unwrap();
        let credentials = Credentials::in_directory(directory.path());
        assert!(matches!(credentials.read("absent"), Err(Error::Missing { .. })));
        assert!(matches!(credentials.read("empty"), Err(Error::Empty { .. })));
        assert!(matches!(credentials.read("binary"), Err(Error::NotText { .. })));
        assert!(matches!(credentials.read("folder"), Err(Error::Unreadable { .. })));
        assert!(matches!(Credentials { directory: None }.read("any"), Err(Error::NoDirectory)));
    }
}
