//! The Docker daemon: connecting, deadlines and errors, the same for all pieces.

mod error;
pub mod settled;

use std::time::Duration;

use tokio::time::timeout;

pub use error::{Error, Problem};

/// The label on everything a converger creates; its value is the piece's name.
pub const MANAGED: &str = "converge.managed";

/// A connection to the Docker daemon whose every call has a deadline.
#[derive(Debug, Clone)]
pub struct Docker {
    client: bollard::Docker,
    deadline: Duration,
    host: String,
}

impl Docker {
    /// Connects to the daemon at `host` (as in `DOCKER_HOST`) and agrees on an API version with it.
    pub async fn connect(host: &str, deadline: Duration) -> Result<Self, Error> {
        // The client's own time limit must never come first: it ends as an error that is tried again.
        let seconds = deadline.as_secs().saturating_add(60);
        let failed = |source| Error::new(format!("connect to Docker at {host}"), source);
        let client = if host.starts_with("unix://") || host.starts_with('/') {
            bollard::Docker::connect_with_unix(host, seconds, bollard::API_DEFAULT_VERSION)
        } else {
            // Convergers work on the host they run on; nothing else was ever tested.
            return Err(Error::other_host(host));
        }
        .map_err(|source| failed(Problem::Client(source)))?;
        let client = timeout(deadline, client.negotiate_version())
            .await
            .map_err(|_| failed(Problem::Deadline(deadline)))?
            .map_err(|source| failed(Problem::Client(source)))?;
        Ok(Self { client, deadline, host: host.into() })
    }

    /// The address of the daemon, as in `DOCKER_HOST`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Makes one call, named `what` in errors (`list networks`), within the deadline.
    pub async fn call<T>(
        &self,
        what: impl Into<String>,
        call: impl AsyncFnOnce(&bollard::Docker) -> Result<T, bollard::errors::Error>,
    ) -> Result<T, Error> {
        match timeout(self.deadline, call(&self.client)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(source)) => Err(Error::new(what, Problem::Client(source))),
            Err(_) => Err(Error::new(what, Problem::Deadline(self.deadline))),
        }
    }
}
