//! Stand-ins for the programs that no package registry has, and the recipes they work on.
//!
//! The program `abra` of this package has the surface and the quirks of the real one, as far as this project relies on
//! them; tests/contract holds both to the same assertions.

//!
//! The program `drone-server` is a Drone server: its API, its login at Gitea, its queue and its runners' protocol, with
//! faults that tests can order. [`drone::Drone`] starts one.
//!
//! The program `gitea` is what Gitea is to this project: accounts, repositories with real git, pull requests, comments,
//! hooks, its login, and OAuth. The crate `forge` starts one.

pub mod catalogue;
pub mod drone;
mod program;

pub use program::{abra, drone_server, gitea};
