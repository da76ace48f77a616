//! The lab: a disposable machine with real systemd, D-Bus, Docker and Swarm.
//!
//! A lab is a Debian root file system under systemd-nspawn that boots the units which a NixOS configuration evaluates
//! to. Two processes hold it ([`mod@keeper`]); when they end, nothing of it is left on this machine but files below
//! `target/lab`.

mod bridge;
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
mod machine;
mod names;
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

/// The lab's address, within the lab; every lab has the same, each in a network of its own.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);

/// The domain below which the lab's apps are; browsers take `*.localhost` for this machine.
pub const DOMAIN: &str = "ci.localhost";

/// The port of this machine that leads to the lab's HTTPS port, when it is free.
pub const HTTPS_PORT: u16 = 8443;

/// The port of this machine that leads to the lab's HTTP port, when it is free.
pub const HTTP_PORT: u16 = 8080;

/// The port of this machine that leads to the lab's Gitea, when it is free; Gitea's own within the lab.
pub const GITEA_PORT: u16 = 3000;

/// Where the images' archives are, within the lab.
const IMAGES: &str = "/srv/images";
