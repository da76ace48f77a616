//! The lab: a disposable machine with real systemd, D-Bus, Docker and Swarm.
//!
//! A lab is a Debian root file system under systemd-nspawn that boots the units which a NixOS configuration evaluates
//! to. Two processes hold it ([`mod@keeper`]); when they end, only files below `target/lab` remain on this machine.

mod certificate;
mod command;
mod configuration;
mod control_group;
mod drone;
mod error;
mod forward;
mod furnish;
mod gitea;
mod image_of;
mod keeper;
mod layout;
mod life;
mod lock;
mod machine;
mod names;
mod own_images;
mod process;
mod program;
mod progress;
mod setup;
mod switch;
mod unit_file;
mod wait;

use std::net::Ipv4Addr;

pub use certificate::{Authority, Pair, Validity};
pub use command::Output;
pub use configuration::Configuration;
pub use drone::drone_images;
pub use error::{Error, Result};
pub use gitea::{GITEA, Gitea};
pub use layout::{cache, images, project, root_file_system, traefik};
pub use life::UpOptions;
pub use machine::Lab;
pub use program::main;
pub use progress::{during, tell};
pub use setup::setup;
pub use switch::Switched;
pub use wait::{Seen, wait_until};

/// The lab's address within the lab; all labs have the same, each in a network of its own.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);

/// The domain of the lab's apps; browsers resolve `*.localhost` to this machine.
pub const DOMAIN: &str = "ci.localhost";

/// The app that has no name before the domain.
pub const DASHBOARD: &str = "";

/// Port of this machine for the lab's HTTPS port, if free; a lab for browsers takes 443 before it.
pub const HTTPS_PORT: u16 = 8443;

/// Port of this machine for the lab's HTTP port, if free; a lab for browsers takes 80 before it.
pub const HTTP_PORT: u16 = 8080;

/// Port of this machine for the lab's Gitea, if free; also Gitea's port within the lab.
pub const GITEA_PORT: u16 = 3000;

/// Folder of the images' archives, within the lab.
const IMAGES: &str = "/srv/images";

/// The host name of an app: `hello` → `hello.ci.localhost`.
pub fn host(app: &str) -> String {
    if app == DASHBOARD { DOMAIN.to_owned() } else { format!("{app}.{DOMAIN}") }
}
