//! The host of a converger: Docker, directories, credentials, clock. Tests pass their own.

use std::env;
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

use crate::backoff::Backoff;
use crate::clock::Clock;
use crate::credential::Credentials;
use crate::directory::REPORTS;

/// The host a converger works on.
#[derive(Debug, Clone)]
pub struct Host {
    /// The address of Docker, as in `DOCKER_HOST`: `unix:///var/run/docker.sock`.
    pub docker_host: String,
    /// The piece's own state: generated secrets and caches.
    pub state_directory: PathBuf,
    /// The directory of the report and the lock.
    pub runtime_directory: PathBuf,
    /// The credentials from systemd.
    pub credentials: Credentials,
    /// The wall clock.
    pub clock: Clock,
    /// The retries of transient errors.
    pub backoff: Backoff,
}

impl Host {
    /// The host from systemd's environment variables, with defaults for a run by hand.
    pub fn from_environment(name: &str) -> Self {
        Self {
            docker_host: env::var("DOCKER_HOST")
                .ok()
                .filter(|host| !host.is_empty())
                .unwrap_or_else(|| "unix:///var/run/docker.sock".into()),
            state_directory: directory("STATE_DIRECTORY", "/var/lib/converge", "XDG_STATE_HOME", Some(name)),
            runtime_directory: directory("RUNTIME_DIRECTORY", REPORTS, "XDG_RUNTIME_DIR", None),
            credentials: Credentials::from_environment(),
            clock: Clock::system(),
            backoff: Backoff::default(),
        }
    }
}

/// systemd's directory, else root's usual one, else one of the user.
fn directory(systemd: &str, of_root: &str, of_user: &str, below: Option<&str>) -> PathBuf {
    if let Some(given) = env::var(systemd).ok().filter(|given| !given.is_empty()) {
        // systemd joins several directories with colons; a unit lists its own first.
        return PathBuf::from(given.split(':').next().unwrap_or(&given));
    }
    let base = if geteuid().is_root() {
        PathBuf::from(of_root)
    } else {
        match env::var_os(of_user).filter(|given| !given.is_empty()) {
            Some(given) => Path::new(&given).join("converge"),
            None => env::temp_dir().join(format!("converge-{}", geteuid())),
        }
    };
    below.map_or(base.clone(), |name| base.join(name))
}
