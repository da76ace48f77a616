//! What it takes to look at one app and to change it.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::Deploys;
use super::desired::Source;
use super::names::Names;
use crate::abra::Abra;
use crate::converger::{Host, Limits};
use crate::docker::Docker;
use crate::git::Git;
use crate::retry::Backoff;

/// One app: a recipe deployed under a domain.
#[derive(Debug)]
pub struct App {
    /// The names of what belongs to it.
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

/// What this run has done already and nothing outside shows.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    /// Whether the git server was asked, and how that failed.
    pub asked: Option<Result<(), String>>,
    /// Whether the stack was deployed.
    pub deployed: bool,
}

impl App {
    /// The app that converger `C` deploys under `domain`, by abra in `abra_directory`.
    pub fn new<C: Deploys>(
        source: &Source,
        domain: &str,
        abra_directory: &Path,
        limits: Limits,
        docker: Docker,
        host: &Host,
    ) -> Self {
        Self {
            names: Names::new(domain),
            piece: C::NAME,
            source: source.address(C::RECIPE),
            abra: Abra::new(abra_directory, &host.docker_host, limits.wait(), limits.lock()),
            git: Git::new(abra_directory.join("recipes").join(C::RECIPE), limits.call()),
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
