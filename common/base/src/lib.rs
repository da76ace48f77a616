//! The base of all crates: errors with class and hint, backoff, files, locks, configurations, credentials, addresses, the
//! clock, terminal output, and the types of plans. No network, no D-Bus, no Docker.

pub mod address;
pub mod backoff;
pub mod clock;
pub mod commit;
pub mod configuration;
pub mod credential;
pub mod directory;
pub mod error;
pub mod fact;
pub mod file;
pub mod fingerprint;
pub mod hex;
pub mod host;
pub mod limits;
pub mod lock;
pub mod plan;
pub mod terminal;
