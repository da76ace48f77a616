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
//! A piece that deploys a recipe implements [`Deploys`], says by [`plan::Wanted`] what its app needs, and adds what is
//! its own: what healthy means, and what is beside the app.

mod app;
pub mod change;
pub mod desired;
mod error;
mod facts;
pub mod names;
pub mod observed;
pub mod plan;
mod version;

use std::collections::BTreeMap;

use secrecy::SecretString;

use crate::converger::Converger;

pub use app::App;
pub use change::Change;
pub use desired::Source;
pub use error::Error;
pub use facts::facts;
pub use observed::Observed;
pub use version::{Held, Latest, Policy, Release, Why, latest, upstream, version};

/// A converger that deploys a recipe.
pub trait Deploys: Converger<Error: From<Error>> {
    /// The recipe's name.
    const RECIPE: &'static str;

    /// Its app.
    fn app(&self) -> &App;

    /// What a new secret of this kind holds.
    fn content(&self, kind: &str) -> Result<Content, Self::Error>;
}

/// What a secret holds.
#[derive(Debug, Clone)]
pub struct Content {
    /// The secret itself.
    pub secret: SecretString,
    /// Labels beside the two that every secret has, to tell what is in it.
    pub labels: BTreeMap<String, String>,
}
