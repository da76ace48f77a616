//! The Docker daemon: connection, deadlines, errors, images, secrets, and services of our own.

mod error;
pub mod image;
pub mod list;
mod log;
pub mod network;
mod raw;
pub mod secret;
pub mod service;
pub mod settled;
mod version;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

pub use error::{Error, Failure};
pub use list::OddEntry;
pub use version::Api;

/// The label on everything a converger creates; its value is the piece's name.
pub const MANAGED: &str = "converge.managed";

/// Seconds by which the deadline of the client library is longer than ours.
const CLIENTS_OWN: u64 = 60;

/// A connection to the Docker daemon whose every call has a deadline.
#[derive(Debug, Clone)]
pub struct Docker {
    client: bollard::Docker,
    deadline: Duration,
    host: String,
    socket: PathBuf,
    api: Api,
    odd: Arc<Mutex<BTreeSet<OddEntry>>>,
}

impl Docker {
    /// Connects to the daemon at `host` (as in `DOCKER_HOST`) and agrees on an API version with it.
    pub async fn connect(host: &str, deadline: Duration) -> Result<Self, Error> {
        let failed = |source| Error::new(format!("connect to Docker at {host}"), source);
        // Convergers work on the host they run on; nothing else was ever tested.
        let Some(socket) = host.strip_prefix("unix://").or(Some(host)).filter(|path| path.starts_with('/')) else {
            return Err(Error::other_host(host));
        };
        let version = timeout(deadline, version::agreed(Path::new(socket)))
            .await
            .map_err(|_| failed(Failure::Deadline(deadline)))?
            .map_err(failed)?;
        // Our deadline counts. The client's own would look like a transient error and be retried.
        let seconds = deadline.as_secs() + CLIENTS_OWN;
        let client = bollard::Docker::connect_with_unix(socket, seconds, &version)
            .map_err(|source| failed(Failure::Client(source)))?;
        let api = Api(version.major_version, version.minor_version);
        Ok(Self { client, deadline, host: host.into(), socket: socket.into(), api, odd: Arc::default() })
    }

    /// The address of the daemon, as in `DOCKER_HOST`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the agreed version of the API.
    pub fn api(&self) -> Api {
        self.api
    }

    /// The same daemon, with another deadline for each call.
    #[must_use]
    pub fn within(&self, deadline: Duration) -> Self {
        Self { deadline, ..self.clone() }
    }

    /// Reads the JSON at `path` unchanged: the client library drops fields that it does not know.
    async fn read(&self, what: &str, path: &str, filters: &Value) -> Result<Value, Error> {
        let query = form_urlencoded(&filters.to_string());
        let sign = if path.contains('?') { '&' } else { '?' };
        let answer = self.get(what, &format!("{path}{sign}filters={query}")).await?;
        serde_json::from_slice(&answer).map_err(|_| Error::new(what, Failure::NotDocker))
    }

    /// Reads the bytes at `path`.
    async fn get(&self, what: &str, path: &str) -> Result<Vec<u8>, Error> {
        let failed = |source| Error::new(what, source);
        let path = format!("/v{}{path}", self.api);
        let answer = timeout(self.deadline, raw::get(&self.socket, &path)).await;
        let answer = answer.map_err(|_| failed(Failure::Deadline(self.deadline)))?.map_err(failed)?;
        Ok(answer.or_refusal().map_err(failed)?.body)
    }

    /// Makes one call, named `what` in errors (`list networks`), within the deadline.
    pub async fn call<T>(
        &self,
        what: impl Into<String>,
        call: impl AsyncFnOnce(&bollard::Docker) -> Result<T, bollard::errors::Error>,
    ) -> Result<T, Error> {
        match timeout(self.deadline, call(&self.client)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(source)) => Err(Error::new(what, Failure::Client(source))),
            Err(_) => Err(Error::new(what, Failure::Deadline(self.deadline))),
        }
    }
}

/// A text as a value in an address.
fn form_urlencoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    text.bytes().fold(String::new(), |all, byte| {
        if plain(&byte) { all + &char::from(byte).to_string() } else { all + &format!("%{byte:02X}") }
    })
}
