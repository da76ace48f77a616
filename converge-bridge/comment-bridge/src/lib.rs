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
//!
//! Public are only the parts that converge-bridge and the manual share with the program, and [`testing`].

mod bridge;
mod build;
pub mod container;
mod decide;
mod grammar;
mod held_up;
mod hook;
mod ledger;
mod markdown;
mod metrics;
mod poll;
mod problem;
pub mod program;
mod publish;
mod report;
mod runtime;
pub mod secrets;
pub mod settings;
mod stop;
#[cfg(test)]
mod tests;
mod trigger;
mod web;
mod words;

use bridge::Bridge;

/// Parts of the program that its tests in `tests/` and the bench drive without a process.
pub mod testing {
    pub use crate::bridge::Bridge;
    pub use crate::hook::{Hook, HookState, Signed, receive};
    pub use crate::ledger::{Error as LedgerError, Found, Ledger};
    pub use crate::metrics::Gauges;
    pub use crate::runtime::run_tasks;
    pub use crate::trigger::{BuildRecord, Command, Order, Outcome, Progress, State, StateKind, Trigger};
}
