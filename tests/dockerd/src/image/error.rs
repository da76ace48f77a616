//! Why an image could not be built.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why an archive could not be built.
#[derive(Debug, Error)]
pub enum ImageError {
    /// A local file could not be read.
    #[error("cannot read {path} for image {tag}", path = path.display())]
    Read {
        /// The image's tag.
        tag: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The archive could not be written.
    #[error("cannot write the archive of image {tag}")]
    Write {
        /// The image's tag.
        tag: String,
        /// What the system said.
        source: io::Error,
    },
    /// The libraries of a program could not be listed.
    #[error("cannot list the libraries of {path}: {reason}", path = path.display())]
    Libraries {
        /// The program.
        path: PathBuf,
        /// What `ldd` said.
        reason: String,
    },
}
