//! Debian packages of the programs on this machine. Only missing ones are installed, judged by the
//! program: a Docker from elsewhere is kept.

use std::path::Path;
use std::process::Command;

use super::{Part, run_telling};
use crate::command;
use crate::error::Result;

/// A file at one of these paths shows that a package is not needed: (file or program, package).
const NEEDED: [(&str, &str); 11] = [
    ("dockerd", "docker.io"),
    ("docker", "docker-cli"),
    ("systemd-nspawn", "systemd-container"),
    ("mmdebstrap", "mmdebstrap"),
    ("ip", "iproute2"),
    ("nsenter", "util-linux"),
    ("nix-instantiate", "nix-bin"),
    ("git", "git"),
    ("python3", "python3"),
    ("/usr/share/keyrings/debian-archive-keyring.gpg", "debian-archive-keyring"),
    ("/etc/ssl/certs/ca-certificates.crt", "ca-certificates"),
];

/// The packages to install, as one part.
pub(super) fn missing() -> Option<Part> {
    let mut packages: Vec<&'static str> =
        NEEDED.iter().filter(|(file, _)| !is_here(file)).map(|(_, package)| *package).collect();
    if !has_pip() {
        packages.push("python3-pip");
    }
    // Up to bookworm, docker.io contains the command line too.
    if packages == ["docker-cli"] || packages.contains(&"docker.io") {
        packages.retain(|package| *package != "docker-cli");
        if !packages.contains(&"docker.io") {
            packages.push("docker.io");
        }
    }
    if packages.is_empty() {
        return None;
    }
    Some(Part {
        what: format!("on this machine, the Debian packages {}", packages.join(" ")),
        step: format!("installing {}", packages.join(" ")),
        make: Box::new(move || install(&packages)),
    })
}

fn is_here(file: &str) -> bool {
    if file.starts_with('/') {
        return Path::new(file).exists();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let administrator = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(Into::into);
    std::env::split_paths(&path).chain(administrator).any(|folder| folder.join(file).is_file())
}

fn has_pip() -> bool {
    command::run(Command::new("python3").args(["-m", "pip", "--version"])).is_ok_and(|said| said.ok())
}

fn install(packages: &[&str]) -> Result<()> {
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("--quiet").arg("--option=DPkg::Lock::Timeout=300");
        command
    };
    run_telling(apt().arg("update"))?;
    let mut words = packages.to_vec();
    let has_cli_package = command::run(Command::new("apt-cache").args(["show", "docker-cli"]))?.ok();
    if packages.contains(&"docker.io") && has_cli_package {
        words.push("docker-cli");
    }
    run_telling(apt().args(["install", "--yes", "--no-install-recommends"]).args(words))
}
