//! What this project relies on about abra, asserted against the stand-in, or against the real one where
//! `ABRA_CONTRACT_BIN` names it. Texts are matched by the few words that its users may rely on.

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
