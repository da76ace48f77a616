//! Deploys Drone, logs the bot in, activates the CI repository, and runs its builds.

pub mod drone;
pub mod gitea;
pub mod http;
pub mod login;
pub mod runner;
