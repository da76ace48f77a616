//! A recipe that a converger deploys: from its git repository to a stack whose version, environment and secrets are
//! what the piece wants.
//!
//! The same way through as in every converger, for the part that all recipes have in common:
//!
//! - [`desired`]: source and version policy, `.env`, compose files, as an operator declares them.
//! - [`observed`]: the clone, the `.env`, the stack, its secrets, versions being tried. Reads only.
//! - [`plan`]: pure; which version, whether to deploy, going back from what did not become healthy.
//! - [`change`]: the recipe by git, the `.env` as a file, secrets and marks through Docker, the deploy by abra.
//!
//! A piece that deploys a recipe keeps an [`App`], says by [`plan::Wanted`] what its app needs, and adds what is
//! its own: what healthy means, and what is beside the app.

pub mod abra;
mod app;
pub mod change;
pub mod desired;
pub mod env_file;
mod error;
mod facts;
pub mod git;
pub mod names;
pub mod observed;
pub mod plan;
mod program;
mod version;

use std::collections::BTreeMap;

use secrecy::SecretString;

pub use app::{App, AppId};
pub use change::Change;
pub use desired::Source;
pub use error::Error;
pub use facts::facts;
pub use observed::Observed;
pub use version::{Held, Latest, Policy, Release, Why, latest, upstream, version};

/// The content of a secret.
#[derive(Debug, Clone)]
pub struct Content {
    /// The secret itself.
    pub secret: SecretString,
    /// Labels beside the two that every secret has, to tell what is in it.
    pub labels: BTreeMap<String, String>,
}
