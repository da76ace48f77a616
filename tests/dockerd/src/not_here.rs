//! Whether a private daemon can run on this machine at all.

use std::env;

use nix::unistd::Uid;
use thiserror::Error;

/// Why no daemon can run on this machine: what a test says when it is skipped.
#[derive(Debug, Error)]
pub enum NotHere {
    /// Namespaces need root.
    #[error("a private Docker daemon needs root")]
    NotRoot,
    /// A program is not installed.
    #[error("the program {0} is not installed")]
    NoProgram(&'static str),
    /// The kernel, or what this runs in, does not allow it.
    #[error("no namespaces of its own for a Docker daemon: {0}")]
    NoNamespaces(String),
}

/// Looks before anything is started.
pub(crate) fn check() -> Result<(), NotHere> {
    if !Uid::effective().is_root() {
        return Err(NotHere::NotRoot);
    }
    for program in ["dockerd", "docker", "containerd", "runc", "ip", "iptables", "nsenter", "setpriv", "unshare"] {
        if !is_installed(program) {
            return Err(NotHere::NoProgram(program));
        }
    }
    Ok(())
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
