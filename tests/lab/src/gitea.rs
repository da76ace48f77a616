//! The lab's Gitea: a service of the machine, on a copy of a folder that was filled once.

mod content;
mod service;

use forge::{Api, Http, Kind, World};

use crate::error::Result;
use crate::layout::Places;

pub(crate) use content::{Prepared, is_current, prepare};
pub(crate) use service::{furnish, mount};

/// Gitea's URL within the lab, also from containers, and in Gitea's own settings.
pub const GITEA: &str = "http://git.ci.localhost:3000";

/// A lab's Gitea, used from this machine.
#[derive(Debug)]
pub struct Gitea {
    kind: Kind,
    port: u16,
    world: World,
}

impl Gitea {
    pub(crate) fn of(places: &Places, port: u16) -> Result<Self> {
        let kind = if service::has_stand_in(places) { Kind::StandIn } else { Kind::Real };
        Ok(Self { kind, port, world: content::read_world(&places.gitea())? })
    }

    /// The kind: the real Gitea, or the stand-in.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// URL for a browser on this machine.
    pub fn address(&self) -> String {
        format!("http://git.{}:{}", crate::DOMAIN, self.port)
    }

    /// All accounts, with passwords and tokens.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The API without an account.
    pub fn api(&self) -> Api {
        // By address: not every machine resolves names below localhost.
        Api::new(Http::default(), &format!("http://127.0.0.1:{}", self.port))
    }

    /// The API as the site's administrator.
    pub fn administrator(&self) -> Api {
        self.api().with_token(&self.world.administrator.token)
    }

    /// Writes a file of the main branch of a repository (`recipes/ci`), as the site's administrator.
    pub fn write_file(&self, repository: &str, path: &str, text: &str) -> Result<()> {
        Ok(self.administrator().write_file(repository, path, text)?)
    }
}
