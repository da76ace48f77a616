//! `drone-runner` on a machine with a real systemd, against a Drone server that the tests hold in their hand.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

mod cancel;
mod drone;
mod life;
mod machine;
mod steps;
