//! The connections and inputs to observe and change one app.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::desired::Source;
use super::names::Names;
use crate::abra::Abra;
use crate::git::Git;
use base::backoff::Backoff;
use base::host::Host;
use base::limits::Limits;
use docker::Docker;

/// The identity of an app.
#[derive(Debug, Clone, Copy)]
pub struct AppId<'a> {
    /// The piece that deploys it.
    pub piece: &'static str,
    /// The name of its recipe.
    pub recipe: &'static str,
    /// The domain it is served under.
    pub domain: &'a str,
}

/// One app: a recipe deployed under a domain.
#[derive(Debug)]
pub struct App {
    /// The names of its objects.
    pub names: Names,
    /// The piece that deploys it: the value of the label on what is created for it.
    pub(super) piece: &'static str,
    /// The address of the recipe's git repository.
    pub(super) source: String,
    pub(super) docker: Docker,
    pub(super) abra: Abra,
    pub(super) git: Git,
    pub(super) backoff: Backoff,
    pub(super) env_path: PathBuf,
    pub(super) memory: RefCell<Memory>,
}

/// Steps that this run has made and no observation shows.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    /// The result of this run's fetch; `None` before it.
    pub fetch_result: Option<Result<(), String>>,
    /// True after a deploy of the stack.
    pub deployed: bool,
}

impl App {
    /// The app `id`, deployed by abra in `abra_directory`.
    pub fn new(
        id: &AppId<'_>,
        source: &Source,
        abra_directory: &Path,
        limits: Limits,
        docker: Docker,
        host: &Host,
    ) -> Self {
        let AppId { piece, recipe, domain } = *id;
        Self {
            names: Names::new(domain),
            piece,
            source: source.address(recipe),
            abra: Abra::new(abra_directory, &host.docker_host, limits.wait(), limits.lock()),
            git: Git::new(abra_directory.join("recipes").join(recipe), limits.call()),
            docker,
            backoff: host.backoff,
            env_path: abra_directory.join("servers/default").join(format!("{domain}.env")),
            memory: RefCell::default(),
        }
    }

    /// The connection to Docker.
    pub fn docker(&self) -> &Docker {
        &self.docker
    }
}
