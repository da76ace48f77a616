//! Behaviour of abra that this project relies on, asserted for the stand-in, or for the real abra if
//! `ABRA_CONTRACT_BIN` names it. A text is matched by the few words that a user may rely on.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)] // What cannot go on fails its test.

mod backup;
mod bench;
mod chaos;
mod convergence;
mod deploy;
mod files;
mod lint;
mod secrets;
mod swarm;
mod traefik;
