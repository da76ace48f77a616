//! `comment-bridge`: one `!testme`, one build, one comment, whatever happens in between.
//!
//! Four tasks share a [`Bridge`]. Each looks in the [`ledger`] for its work, does it one call at a time, and writes down
//! what came of each call before the next; so whoever starts after a crash goes on where it ended.
//!
//! ```text
//!  Gitea ──poll, hook──► Seen ──decide──► Authorised ──build──► Building ──build──► Ended ──say──► Reported
//!                          │ Refused · Forgotten · Answered · Joined · Cancelling → Answered          │
//!                          └──────────────────────────── say: one comment a pull request ◄───────────┘
//! ```
//!
//! - [`poll`] finds comments: one request an organisation when nothing happened. [`hook`] only finds them sooner.
//! - [`decide`] looks at each again, asks whether its author may, and resolves the head commit.
//! - [`build`] makes exactly one build of it in Drone, follows it, cancels.
//! - [`say`] keeps the one comment of each pull request right. Every word is in [`words`].
//!
//! [`http::gitea`] and [`http::drone`] are the clients of the two servers. [`web`] serves the hook, health, metrics and triggers.

pub mod bridge;
pub mod build;
pub mod decide;
pub mod grammar;
pub mod hook;
pub mod ledger;
pub mod life;
pub mod markdown;
pub mod metrics;
pub mod patience;
pub mod poll;
pub mod program;
pub mod say;
pub mod settings;
#[cfg(test)]
mod tests;
pub mod trigger;
pub mod web;
pub mod words;

pub use bridge::{Bells, Bridge};
