//! comment-bridge in a world of its own: Gitea, Drone, the clocks and the ledger's disk are in memory, time stands still
//! until everybody waits, and whatever can go wrong between two calls goes wrong when a test says so.

#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs, reason = "all of it is a test")]

mod commits;
mod faithful;
mod life;
mod scenarios;
mod schedules;
mod story;
