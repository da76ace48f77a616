//! converge-drone on a real Docker daemon of its own, with a real Gitea where one is built, and Drone as the recipe
//! deploys it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod behind;
mod drift;
mod faults;
mod front;
mod killed;
mod runs;
mod world;

use world::World;
