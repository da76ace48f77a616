//! The scripted login against a real Gitea (its stand-in where that is not built) and a Drone server: the stand-in, and
//! the real one where the variable `DRONE_CONTRACT_BIN` names its program.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test that cannot go on fails")]

mod blocked;
mod browser;
mod holding;
mod logged_in;
mod world;
