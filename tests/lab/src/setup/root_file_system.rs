//! The Debian root file system that every lab boots from.

use std::fs;

use super::{Part, contained, run_telling};
use crate::error::{Error, Result};
use crate::layout;

const SUITE: &str = "trixie";

/// Packages in the root file system.
const PACKAGES: [&str; 12] = [
    "systemd",
    "systemd-sysv",
    "dbus",
    "docker.io",
    "docker-cli",
    "iproute2",
    "dnsmasq-base",
    "git",
    "ca-certificates",
    "busybox-static",
    "curl",
    "openssl",
];

/// Kept beside the root file system: a changed list makes a new one.
fn recipe() -> String {
    format!("{SUITE} {}\n", PACKAGES.join(" "))
}

pub(super) fn missing() -> Result<Option<Part>> {
    let (root, note) = (layout::root_file_system(), layout::cache().join("root-trixie.recipe"));
    let is_there = root.is_dir() && fs::read_to_string(&note).is_ok_and(|made| made == recipe());
    if is_there {
        return Ok(None);
    }
    if crate::Lab::list().iter().any(|(_, runs)| *runs) {
        return Err(Error::Usage {
            what: "the root file system has to be made again, and a lab runs on it".to_owned(),
            hint: "end it first: `lab down --all`".to_owned(),
        });
    }
    Ok(Some(Part {
        what: format!("a Debian {SUITE} root file system (0.5 GB, half a minute), with {}", PACKAGES.join(" ")),
        step: format!("making the {SUITE} root file system"),
        make: Box::new(make),
    }))
}

fn make() -> Result<()> {
    let (root, partial) = (layout::root_file_system(), layout::cache().join("root-trixie.partial"));
    for old in [&partial, &root] {
        if old.exists() {
            fs::remove_dir_all(old).map_err(Error::file("remove", old))?;
        }
    }
    let mut command = contained("mmdebstrap");
    command.args(["--variant=minbase", "--mode=root", &format!("--include={}", PACKAGES.join(",")), SUITE]);
    command.arg(&partial);
    if let Ok(mirror) = std::env::var("LAB_DEBIAN_MIRROR") {
        command.arg(mirror);
    }
    run_telling(&mut command)?;
    fs::rename(&partial, &root).map_err(Error::file("move", &partial))?;
    layout::write(&layout::cache().join("root-trixie.recipe"), recipe().as_bytes(), 0o644)
}
