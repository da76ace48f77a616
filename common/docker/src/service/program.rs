//! The connections and inputs to observe and change one program's service.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::{Error, ServiceGoal};
use crate::Docker;
use base::address::Probe;
use base::backoff::Backoff;
use base::error::{Class, Explained};
use base::host::Host;
use base::limits::Limits;
use http::{Client, Connect, Service};

/// The deadline of the health probe, which stays on this host.
const DEADLINE: Duration = Duration::from_secs(5);
/// A secret is one word, and shorter than this.
const LONGEST_SECRET: usize = 4096;

/// A program of our own as a service.
#[derive(Debug)]
pub struct Program {
    /// The name.
    pub(super) name: &'static str,
    /// The piece that keeps it: the value of the label on what is created for it.
    pub(super) piece: &'static str,
    pub(super) docker: Docker,
    /// The same daemon with a longer deadline, to load images.
    pub(super) load_docker: Docker,
    /// The archive of its image.
    pub(super) archive: PathBuf,
    /// The secrets by kind, or the error that blocks one.
    pub(super) secrets: BTreeMap<&'static str, Result<SecretString, Explained>>,
    /// Kinds of secrets that only other configurations use.
    pub(super) other_kinds: Vec<&'static str>,
    pub(super) client: Client,
    pub(super) memory: RefCell<Memory>,
}

/// Steps that this run has made and no observation shows.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    /// The service was created or updated.
    pub changed: bool,
}

/// A kind of secret, and the credential that it comes from.
#[derive(Debug, Clone, Copy)]
pub struct SecretSpec {
    /// The kind, and the file's name in the container.
    pub kind: &'static str,
    /// The credential.
    pub credential: &'static str,
    /// True if the configuration uses this secret.
    pub is_wanted: bool,
}

impl Program {
    /// The program of `goal`, connected to Docker and to its own address.
    pub async fn connect(
        goal: &ServiceGoal,
        probe: &Probe,
        kinds: &[SecretSpec],
        limits: Limits,
        host: &Host,
    ) -> Result<Self, Error> {
        let docker = host.backoff.retry(async || Docker::connect(&host.docker_host, limits.call()).await).await?;
        let connect =
            Connect { at: Some(probe.address), backoff: Backoff::ONCE, ..Connect::within(DEADLINE.min(limits.call())) };
        let secrets = kinds.iter().filter(|kind| kind.is_wanted);
        Ok(Self {
            name: goal.program,
            piece: goal.piece,
            load_docker: docker.within(limits.wait()),
            docker,
            archive: goal.archive.clone(),
            secrets: secrets.map(|kind| (kind.kind, secret(host, kind.credential))).collect(),
            other_kinds: kinds.iter().filter(|kind| !kind.is_wanted).map(|kind| kind.kind).collect(),
            client: Client::new(Service::Own(goal.program), &format!("https://{}", goal.domain), &connect)?,
            memory: RefCell::default(),
        })
    }
}

/// A credential that is one word, without the line's end.
fn secret(host: &Host, name: &str) -> Result<SecretString, Explained> {
    let secret = host.credentials.read(name).map_err(|error| Explained::new(&error))?;
    let word = secret.expose_secret().trim();
    if word.len() <= LONGEST_SECRET && word.chars().all(|c| c.is_ascii_graphic()) {
        return Ok(word.into());
    }
    Err(Explained {
        class: Class::Configuration,
        message: format!("credential `{name}` is not one word"),
        causes: Vec::new(),
        hint: Some(format!("check what wrote the file behind `{name}`: it holds the secret, and nothing else")),
    })
}
