//! The reasons why a private daemon cannot run on this machine.

use std::env;

use nix::unistd::Uid;
use thiserror::Error;

/// The reason why no daemon can run on this machine, printed by a skipped test.
#[derive(Debug, Error)]
pub enum Unavailable {
    /// The test does not run as root, which namespaces need.
    #[error("a private Docker daemon needs root")]
    NotRoot,
    /// A program is not installed.
    #[error("the program {0} is not installed")]
    NoProgram(&'static str),
    /// The kernel, or the container around it, does not allow namespaces.
    #[error("no namespaces of its own for a Docker daemon: {0}")]
    NoNamespaces(String),
}

/// Checks user and programs before anything is started.
pub(crate) fn check() -> Result<(), Unavailable> {
    if !Uid::effective().is_root() {
        return Err(Unavailable::NotRoot);
    }
    for program in ["dockerd", "docker", "containerd", "runc", "ip", "iptables", "nsenter", "setpriv", "unshare"] {
        if !is_installed(program) {
            return Err(Unavailable::NoProgram(program));
        }
    }
    Ok(())
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
