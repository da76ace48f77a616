//! converge-dashboard with a private Docker daemon, called through a real Traefik.
//!
//! The suite of converge-bridge has every setting of a service changed by hand, every fault of Docker and every image that
//! does not work, of the same code. Here is what is this piece's own: its mounts, its rule, and no secret.
#![allow(clippy::unwrap_used, reason = "a failure ends the test")]

mod killed;
mod runs;
mod world;

use world::World;
