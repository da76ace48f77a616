//! `nix-instantiate` with a temporary state and store: it needs nothing of Nix on the machine but the program.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use crate::{root, skip};

/// The reasons for which an expression has no value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine has no such program.
    #[error("nix-instantiate is not installed (Debian: apt install nix-bin)")]
    Missing,
    /// The temporary directories cannot be made, or the program cannot be started.
    #[error("cannot run nix-instantiate")]
    Run(#[from] io::Error),
    /// Nix refuses the expression.
    #[error("nix-instantiate: {0}")]
    Nix(String),
    /// The value is of another type than expected.
    #[error("unexpected value: {0}")]
    Value(#[from] serde_json::Error),
}

/// A host's configuration as files and links (`render.nix`).
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Rendered {
    /// Path to content.
    pub files: BTreeMap<String, String>,
    /// Path of a symbolic link to its target.
    pub links: BTreeMap<String, String>,
    /// Path to mode, for files that are not 0644.
    pub modes: BTreeMap<String, String>,
    /// The messages of assertions that failed.
    pub assertions: Vec<String>,
    /// Warnings of the modules.
    pub warnings: Vec<String>,
}

impl Rendered {
    /// Returns the content of a file, empty if there is none.
    pub fn file(&self, path: &str) -> &str {
        self.files.get(path).map_or("", String::as_str)
    }

    /// Returns the content of a unit, empty if there is none.
    pub fn unit(&self, name: &str) -> &str {
        self.file(&format!("/etc/systemd/system/{name}"))
    }
}

/// `nix-instantiate` over a copy of the repository.
#[derive(Debug)]
pub struct Nix {
    repository: PathBuf,
    directory: TempDir,
}

impl Nix {
    /// Finds the program. [`Error::Missing`] names the package to install.
    pub fn find() -> Result<Self, Error> {
        let nix = Self { repository: root(), directory: tempfile::tempdir()? };
        match nix.run(&["--version"]) {
            Err(Error::Run(error)) if error.kind() == io::ErrorKind::NotFound => Err(Error::Missing),
            Err(error) => Err(error),
            Ok(_) => Ok(nix),
        }
    }

    /// Finds the program for a test, which is skipped on a machine without it.
    ///
    /// # Panics
    ///
    /// Panics if the program is there and does not run.
    pub fn find_or_skip(test: &str) -> Option<Self> {
        match Self::find() {
            Ok(nix) => Some(nix),
            Err(error @ Error::Missing) => {
                skip(test, error);
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// The same program over another copy of the repository.
    #[must_use]
    pub fn of(self, repository: &Path) -> Self {
        Self { repository: repository.to_owned(), ..self }
    }

    /// Parses a file.
    pub fn parse(&self, file: &Path) -> Result<(), Error> {
        self.run(&["--parse", &file.to_string_lossy()]).map(drop)
    }

    /// Evaluates an expression; relative paths in it are the repository's.
    pub fn value<T: DeserializeOwned>(&self, expression: &str) -> Result<T, Error> {
        self.evaluate("--readonly-mode", expression)
    }

    /// Evaluates an expression, and copies the files that it names to the store, which lasts as long as `self`.
    pub fn stored<T: DeserializeOwned>(&self, expression: &str) -> Result<T, Error> {
        self.evaluate("--read-write-mode", expression)
    }

    /// Renders the lab's host with one more module, given as an expression.
    pub fn lab_host(&self, module: &str) -> Result<Rendered, Error> {
        self.value(&format!("import ./nixos/tests/render.nix {{ modules = [ ({module}) ]; }}"))
    }

    /// Renders a host with these modules only, given as expressions.
    pub fn host(&self, modules: &str) -> Result<Rendered, Error> {
        self.value(&format!("import ./nixos/tests/render.nix {{ host = {{ imports = [ {modules} ]; }}; }}"))
    }

    fn evaluate<T: DeserializeOwned>(&self, mode: &str, expression: &str) -> Result<T, Error> {
        let output = self.run(&["--eval", mode, "--strict", "--json", "--expr", expression])?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, Error> {
        let output = Command::new("nix-instantiate")
            .args(arguments)
            .current_dir(&self.repository)
            .env("NIX_STATE_DIR", self.directory.path().join("state"))
            .env("NIX_STORE_DIR", self.directory.path().join("store"))
            .env("HOME", self.directory.path())
            .output()?;
        if output.status.success() {
            return Ok(output);
        }
        let message = String::from_utf8_lossy(&output.stderr);
        // The first line is a warning about build users, which an evaluation does not need.
        Err(Error::Nix(message[message.find("error:").unwrap_or(0)..].trim().to_owned()))
    }
}
