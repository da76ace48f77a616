//! Errors of building an image.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// The reason why an archive could not be built.
#[derive(Debug, Error)]
pub enum ImageError {
    /// A local file could not be read.
    #[error("cannot read {path} for image {tag}", path = path.display())]
    Read {
        /// The image's tag.
        tag: String,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The archive could not be written.
    #[error("cannot write the archive of image {tag}")]
    Write {
        /// The image's tag.
        tag: String,
        /// The system's error.
        source: io::Error,
    },
    /// The libraries of a program could not be listed.
    #[error("cannot list the libraries of {path}: {reason}", path = path.display())]
    Libraries {
        /// The program.
        path: PathBuf,
        /// The message of `ldd`.
        reason: String,
    },
}
