//! converge-swarm with a private Docker daemon and a recording proxy in front of its socket.
#![allow(clippy::unwrap_used, reason = "a failure ends the test")]

mod certificate;
mod drift;
mod faults;
mod first_run;
mod in_use;
mod killed;
mod operator;
mod overlap;
mod states;
mod world;

use world::World;
