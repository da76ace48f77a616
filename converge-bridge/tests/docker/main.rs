//! converge-bridge on a real Docker daemon of its own, asked through a real Traefik.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod drift;
mod faults;
mod images;
mod killed;
mod rotation;
mod runs;
mod world;

use world::World;
