//! A recipe that a converger deploys: from its git repository to a stack with the declared version, environment and
//! secrets.
//!
//! The modules are those of a converger, for the part that all recipes share:
//!
//! - [`desired`]: source and version policy, `.env`, compose files, as declared.
//! - [`observed`]: the clone, the `.env`, the stack, its secrets, attempts. Reads only.
//! - [`plan`]: pure; the version, the deploy, the rollback of an unhealthy version.
//! - [`change`]: the recipe by git, the `.env` as a file, secrets and attempts through Docker, the deploy by abra.
//!
//! A piece that deploys a recipe keeps an [`App`], declares its needs by a [`plan::AppGoal`], and adds its own part: the
//! meaning of healthy, and the objects beside the app.

mod abra;
mod app;
pub mod change;
pub mod desired;
pub mod env_file;
mod error;
mod facts;
mod git;
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
pub use version::{HeldReason, HeldRelease, Latest, Policy, Release, latest, upstream, version};

/// The content of a secret.
#[derive(Debug, Clone)]
pub struct SecretContent {
    /// The secret itself.
    pub secret: SecretString,
    /// Labels about the content, beside the two of every secret.
    pub labels: BTreeMap<String, String>,
}
