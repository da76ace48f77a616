//! converge-traefik with a real swarm on a private Docker daemon, the stand-in for abra, and a git repository of the recipe.
#![allow(clippy::unwrap_used, reason = "a failure ends the test")]

mod certificate;
mod clone;
mod faults;
mod killed;
mod runs;
mod version;
mod world;

use world::World;
