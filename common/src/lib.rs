//! What at least two pieces of converge-ci need, and nothing else.

pub mod abra;
pub mod address;
pub mod converger;
pub mod credential;
pub mod docker;
pub mod env_file;
pub mod error;
pub mod file;
pub mod fingerprint;
pub mod git;
pub mod http;
pub mod program;
pub mod recipe;
pub mod retry;
pub mod systemd;
