//! Scenarios on the lab: the shared tools of the demo and the tests.

mod drone;
mod error;
mod hello;
mod pieces;
mod pull;
mod runner;
mod web;

pub use drone::{DRONE, Drone, pipeline};
pub use error::{Error, Result};
pub use hello::Hello;
pub use pieces::{Indices, Report, report, status, swarm_indices};
pub use pull::{Comment, Pull};
pub use runner::{runner_status, until_runner_is, until_runner_says};
pub use web::{Page, Web};

/// Convergers of the lab's host, in start order.
pub const PIECES: [&str; 5] = ["swarm", "traefik", "drone", "bridge", "dashboard"];

/// Service of comment-bridge.
pub const BRIDGE: &str = "comment-bridge";

/// Swarm service of the traefik recipe's app in the lab.
pub const TRAEFIK: &str = "traefik_ci_localhost_app";
