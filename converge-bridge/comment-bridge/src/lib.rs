//! `comment-bridge`: one build and one comment for each `!testme`, across crashes and restarts.
//!
//! Four tasks share a [`Bridge`]. Each finds its work in the [`ledger`], makes one call at a time, and records the result
//! before the next call. After a crash the next process continues from the ledger.
//!
//! ```text
//!  Gitea ──poll, hook──► Seen ──decide──► Authorised ──build──► Building ──build──► Ended ──report──► Reported
//!                          │ Refused · Forgotten · Answered · Joined · Cancelling → Answered             │
//!                          └─────────────────────────── report: one comment a pull request ◄────────────┘
//! ```
//!
//! - [`poll`] finds comments: one request an organisation while nothing changes. [`hook`] only finds them sooner.
//! - [`decide`] reads each comment again, checks its author, and takes the head commit.
//! - [`build`] makes exactly one build of the order in Drone, follows it and cancels it.
//! - [`report`] keeps the one comment of each pull request up to date. All its texts are in [`words`].
//!
//! [`http::gitea`] and [`http::drone`] are the clients of the two servers. [`runtime`] runs the tasks from start to SIGTERM,
//! [`web`] serves the hook and the health, and [`publish`] writes triggers and metrics to files.

pub mod bridge;
mod build;
pub mod container;
mod decide;
mod grammar;
mod held_up;
pub mod hook;
pub mod ledger;
mod markdown;
pub mod metrics;
mod poll;
pub mod problem;
pub mod program;
pub mod publish;
mod report;
pub mod runtime;
pub mod secrets;
pub mod settings;
mod stop;
#[cfg(test)]
mod tests;
pub mod trigger;
pub mod web;
mod words;

pub use bridge::{Bridge, Wakers};
