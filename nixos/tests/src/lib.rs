//! Tests of the NixOS modules: they evaluate, their units verify and are hardened.
//!
//! `nix-instantiate` evaluates them on any machine, against the stand-in of nixpkgs' module system in `stand-in/`,
//! or against the real one when the environment has `NIXPKGS_LIB=/path/to/lib`.

mod analyze;
mod evaluate;

pub use analyze::{Analyze, Exposure};
pub use evaluate::{Error, Nix, Rendered};

use std::path::PathBuf;

/// The root of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Prints why a test cannot run here, in the form the runner counts.
pub fn skip(test: &str, why: impl std::fmt::Display) {
    println!("skipped: {test}: {why}");
}
