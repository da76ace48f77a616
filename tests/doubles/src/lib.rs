//! One Gitea and one Drone in memory, and the network before them.
//!
//! Requests and replies are those of the wire: method, path, query, headers, body; status, headers, body. A [`Wire`]
//! takes the place of the network in an HTTP client; a [`Front`] serves a double on a TCP port. Both go through one
//! [`Network`], which delays, loses and breaks calls by [`FaultRule`]s, and keeps a log of them. tests/contract holds
//! the doubles to the same assertions as the real servers.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test fails where its double cannot go on")]

pub mod drone;
pub mod gitea;

mod clock;
mod fault;
mod front;
mod network;
mod reply;
mod request;
mod wire;

pub use clock::{ClockOf, Clocks};
pub use drone::{Build, Drone, Pipeline};
pub use fault::{Fault, FaultRule};
pub use front::Front;
pub use gitea::{Comment, Gitea, PullId, PullRequest, Repository};
pub use network::{Network, Shared, lock};
pub use reply::Reply;
pub use request::{Credentials, Request, Server};
pub use wire::{Caller, Wire};

/// The account of the bridge.
pub const BOT: &str = "ci-bot";
/// Gitea's address.
pub const GITEA: &str = "http://git.test";
/// Drone's address.
pub const DRONE: &str = "http://drone.test";
/// The bot's token at Gitea.
pub const GITEA_TOKEN: &str = "the bot's token at Gitea";
/// The bot's token at Drone.
pub const DRONE_TOKEN: &str = "the token at Drone";
/// The repository that Drone builds.
pub const CI: &str = "recipes/ci";
