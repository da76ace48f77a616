//! The parts that every long-running program of this project needs.
//!
//! - [`log`]: the one set-up of `tracing`, for journald, a terminal or plain lines.
//! - [`signals`]: SIGTERM, SIGINT and SIGHUP.
//! - [`listen`]: an HTTP listener with limits; [`event_stream`]: answers that last; [`limit`]: the rate limit of one sender.
//! - [`health`]: problems, notes and heartbeats; [`health_check`]: the client side of `/healthz`.
//! - [`prometheus`]: metrics as text.
//! - [`exit`]: the last line of a program, and its exit code.
//! - [`drain`]: the way from the signal to the end of the process.
//!
//! Nothing here knows systemd, Docker, Gitea or Drone.

pub mod drain;
pub mod event_stream;
pub mod exit;
pub mod health;
pub mod health_check;
pub mod heartbeat;
pub mod limit;
pub mod listen;
pub mod log;
pub mod prometheus;
pub mod signals;
