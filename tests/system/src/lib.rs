//! Scenarios on the lab: what the demo and the tests look at a machine with.

mod drone;
mod error;
mod hello;
mod pieces;
mod pull;
mod web;

pub use drone::{DRONE, Drone};
pub use error::{Error, Result};
pub use hello::Hello;
pub use pieces::{Indices, Report, report, status, swarm_indices};
pub use pull::{Comment, Pull};
pub use web::{Page, Web};

/// The convergers the lab's host runs, in the order they start.
pub const PIECES: [&str; 4] = ["swarm", "traefik", "drone", "bridge"];

/// The service that comment-bridge is.
pub const BRIDGE: &str = "comment-bridge";

/// The service that the traefik recipe's app is in the lab.
pub const TRAEFIK: &str = "traefik_ci_localhost_app";
