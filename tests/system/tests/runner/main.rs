//! `drone-runner` on a machine with real systemd, against a Drone server that the tests control.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

mod cancel;
mod drone;
mod life;
mod machine;
mod steps;
