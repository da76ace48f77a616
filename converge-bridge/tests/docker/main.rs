//! converge-bridge with a private Docker daemon, called through a real Traefik.
#![allow(clippy::unwrap_used, reason = "a failure ends the test")]

mod drift;
mod faults;
mod images;
mod killed;
mod rotation;
mod runs;
mod world;

use world::World;
