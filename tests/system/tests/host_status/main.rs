//! `host-status` on a machine with real systemd.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod follow;
mod machine;
mod outage;
