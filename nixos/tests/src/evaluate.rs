//! `nix-instantiate` with a state and a store of its own, so that it needs no Nix on the machine but the program.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::{Command, Output};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use crate::root;

/// Why an expression has no value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program is not there.
    #[error("nix-instantiate is not there (Debian: apt install nix-bin)")]
    Missing,
    /// Its directories cannot be made, or it cannot be started.
    #[error("cannot run nix-instantiate")]
    Run(#[from] io::Error),
    /// Nix says no.
    #[error("nix-instantiate: {0}")]
    Nix(String),
    /// What Nix printed is not what was asked for.
    #[error("unexpected value: {0}")]
    Value(#[from] serde_json::Error),
}

/// What a host's configuration amounts to (`render.nix`).
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Rendered {
    /// Path to content.
    pub files: BTreeMap<String, String>,
    /// Path to what the symbolic link points to.
    pub links: BTreeMap<String, String>,
    /// Path to mode, for files that are not 0644.
    pub modes: BTreeMap<String, String>,
    /// The messages of assertions that failed.
    pub assertions: Vec<String>,
    /// Warnings of the modules.
    pub warnings: Vec<String>,
}

impl Rendered {
    /// The content of a file, empty when it is not there.
    pub fn file(&self, path: &str) -> &str {
        self.files.get(path).map_or("", String::as_str)
    }

    /// The content of a unit, empty when it is not there.
    pub fn unit(&self, name: &str) -> &str {
        self.file(&format!("/etc/systemd/system/{name}"))
    }
}

/// A `nix-instantiate` to ask.
#[derive(Debug)]
pub struct Nix {
    directory: TempDir,
}

impl Nix {
    /// Finds the program; [`Error::Missing`] says how to get it.
    pub fn find() -> Result<Self, Error> {
        let nix = Self { directory: tempfile::tempdir()? };
        match nix.run(&["--version"]) {
            Err(Error::Run(error)) if error.kind() == io::ErrorKind::NotFound => Err(Error::Missing),
            Err(error) => Err(error),
            Ok(_) => Ok(nix),
        }
    }

    /// Whether a file parses.
    pub fn parse(&self, file: &Path) -> Result<(), Error> {
        self.run(&["--parse", &file.to_string_lossy()]).map(drop)
    }

    /// The value of an expression; relative paths in it are the repository's.
    pub fn value<T: DeserializeOwned>(&self, expression: &str) -> Result<T, Error> {
        let output = self.run(&["--eval", "--strict", "--json", "--expr", expression])?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// The lab's host with one more module, given as an expression.
    pub fn lab_host(&self, module: &str) -> Result<Rendered, Error> {
        self.value(&format!("import ./nixos/tests/render.nix {{ modules = [ ({module}) ]; }}"))
    }

    /// A host with these modules only, given as expressions.
    pub fn host(&self, modules: &str) -> Result<Rendered, Error> {
        self.value(&format!("import ./nixos/tests/render.nix {{ host = {{ imports = [ {modules} ]; }}; }}"))
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, Error> {
        let output = Command::new("nix-instantiate")
            .args(arguments)
            .current_dir(root())
            .env("NIX_STATE_DIR", self.directory.path().join("state"))
            .env("NIX_STORE_DIR", self.directory.path().join("store"))
            .env("HOME", self.directory.path())
            .output()?;
        if output.status.success() {
            return Ok(output);
        }
        let message = String::from_utf8_lossy(&output.stderr);
        // Its first line is about build users, which nothing here needs.
        Err(Error::Nix(message[message.find("error:").unwrap_or(0)..].trim().to_owned()))
    }
}
