//! Tools of the tests of the NixOS modules: evaluation, and analysis of the rendered units.
//!
//! `nix-instantiate` evaluates the modules on any machine, against the stand-in of nixpkgs' module system in `stand-in/`,
//! or against nixpkgs' own if the environment has `NIXPKGS_LIB=/path/to/lib`.

mod analyze;
mod evaluate;

pub use analyze::{Analyze, Exposure};
pub use evaluate::{Error, Nix, Rendered};

use std::path::PathBuf;

/// The root of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Prints the reason for a skipped test, in the form that `tests/run` counts.
pub fn skip(test: &str, why: impl std::fmt::Display) {
    println!("skipped: {test}: {why}");
}
