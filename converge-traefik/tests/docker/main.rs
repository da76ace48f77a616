//! converge-traefik against a real swarm on a private Docker daemon, with the stand-in for abra, a git repository of the
//! recipe, and a recording proxy in front of the daemon's socket.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod certificate;
mod faults;
mod killed;
mod runs;
mod version;
mod world;

use world::World;
