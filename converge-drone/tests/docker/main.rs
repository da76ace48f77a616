//! converge-drone with a private Docker daemon, a real Gitea where one is built, and Drone deployed from its recipe.
#![allow(clippy::unwrap_used, reason = "a failure ends the test")]

mod drift;
mod faults;
mod killed;
mod runs;
mod upstream;
mod world;

use world::World;
