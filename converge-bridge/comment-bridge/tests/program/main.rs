//! `comment-bridge` as a process of its own, against servers of a test's own.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that cannot go on fails")]

mod bad_input;
mod built_once;
mod life;
mod limits;
mod running;
mod secrecy;
mod server;
mod signatures;
mod smuggling;
mod told;
mod wire;
