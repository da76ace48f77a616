//! The changes of a service of our own, one mutation each.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use bollard::query_parameters::UpdateServiceOptions;
use serde::Serialize;

use super::{Error, Program, Spec};

use crate::image;
use crate::image::Archive;
use crate::secret;

/// The largest number of differences that a change lists.
const SHOWN: usize = 5;

/// One mutation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Load the image from its archive.
    LoadImage {
        /// The archive.
        archive: PathBuf,
        /// The tag it gets.
        tag: String,
    },
    /// Create a secret.
    CreateSecret {
        /// The kind: `gitea_token`.
        kind: String,
        /// The name.
        name: String,
    },
    /// Create the service.
    CreateService {
        /// The new spec.
        spec: Spec,
    },
    /// Update the service.
    UpdateService {
        /// The new spec.
        spec: Spec,
        /// The differences.
        because: Vec<String>,
        /// The spec that is updated. Not part of the plan: a second update for the same reasons is the same change.
        #[serde(skip)]
        of: SpecVersion,
    },
    /// Remove the service: no update can change its mode.
    RemoveService {
        /// The name.
        name: String,
        /// The id.
        id: String,
    },
    /// Remove a superseded secret.
    RemoveSecret {
        /// The name.
        name: String,
        /// The id.
        id: String,
    },
    /// Remove a superseded image.
    RemoveImage {
        /// The tag.
        tag: String,
    },
}

/// A version of a service's spec.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpecVersion {
    /// The service's id.
    pub id: String,
    /// The version.
    pub index: u64,
    /// The counter of forced restarts (`ForceUpdate`). Another number would restart the tasks.
    pub forced: Option<u64>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LoadImage { archive, tag } => write!(f, "load image {tag} from {}", archive.display()),
            Self::CreateSecret { name, .. } => write!(f, "create secret {name}"),
            Self::CreateService { spec } => write!(f, "create service {}", spec.name),
            Self::UpdateService { spec, because, .. } => {
                let told = because.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; ");
                let more = because.len().saturating_sub(SHOWN);
                let more = if more > 0 { format!("; and {more} more") } else { String::new() };
                write!(f, "update service {} ({told}{more})", spec.name)
            }
            Self::RemoveService { name, .. } => {
                write!(f, "remove service {name} (its mode is another, and no update changes that)")
            }
            Self::RemoveSecret { name, .. } => write!(f, "remove superseded secret {name}"),
            Self::RemoveImage { tag } => write!(f, "remove superseded image {tag}"),
        }
    }
}

impl Change {
    /// Returns the changed object, for the journal: `service/comment-bridge`.
    pub fn object(&self) -> String {
        match self {
            Self::LoadImage { tag, .. } | Self::RemoveImage { tag } => format!("image/{tag}"),
            Self::CreateSecret { name, .. } | Self::RemoveSecret { name, .. } => format!("secret/{name}"),
            Self::CreateService { spec } | Self::UpdateService { spec, .. } => format!("service/{}", spec.name),
            Self::RemoveService { name, .. } => format!("service/{name}"),
        }
    }

    /// Makes the change.
    pub async fn apply(&self, program: &Program) -> Result<(), Error> {
        match self {
            Self::LoadImage { tag, .. } => program.load(tag).await?,
            Self::CreateSecret { kind, name } => program.create_secret(kind, name).await?,
            Self::CreateService { spec } => program.create(spec).await?,
            Self::UpdateService { spec, of, .. } => program.update(spec, of).await?,
            Self::RemoveService { name, id } => program.remove(name, id).await?,
            Self::RemoveSecret { name, id } => {
                secret::remove(&program.docker, name, id).await?;
            }
            Self::RemoveImage { tag } => image::remove(&program.docker, tag).await?,
        }
        Ok(())
    }
}

impl Program {
    async fn load(&self, tag: &str) -> Result<(), Error> {
        let archive = Archive::of_program(self.name, &self.archive)?;
        if image::tag(self.name, &archive.content) != tag {
            return Err(Error::Gone { what: format!("the image {tag}") });
        }
        Ok(image::load(&self.load_docker, &self.archive, &archive, self.name).await?)
    }

    async fn create_secret(&self, kind: &str, name: &str) -> Result<(), Error> {
        let gone = || Error::Gone { what: format!("the credential of {kind}") };
        let content = self.secrets.get(kind).and_then(|secret| secret.as_ref().ok()).ok_or_else(gone)?;
        Ok(secret::create(&self.docker, self.piece, name, content, BTreeMap::new()).await?)
    }

    async fn create(&self, spec: &Spec) -> Result<(), Error> {
        let what = format!("create service {}", spec.name);
        self.docker.call(what, async |client| client.create_service(spec.to_docker(), None).await).await?;
        self.memory.borrow_mut().changed = true;
        Ok(())
    }

    async fn remove(&self, name: &str, id: &str) -> Result<(), Error> {
        let what = format!("remove service {name}");
        let removed = self.docker.call(what, async |client| client.delete_service(id).await).await;
        Ok(removed.or_else(crate::Error::unless_gone)?)
    }

    async fn update(&self, spec: &Spec, of: &SpecVersion) -> Result<(), Error> {
        // An update by another writer meanwhile makes this one a conflict; the service is observed again.
        let version = i32::try_from(of.index).map_err(|_| Error::Version(of.index))?;
        let options = UpdateServiceOptions { version, ..Default::default() };
        let mut told = spec.to_docker();
        if let Some(template) = &mut told.task_template {
            template.force_update = of.forced;
        }
        let what = format!("update service {}", spec.name);
        self.docker.call(what, async |client| client.update_service(&of.id, told, options, None).await).await?;
        self.memory.borrow_mut().changed = true;
        Ok(())
    }
}
