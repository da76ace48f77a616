//! Behaviour of Gitea that this project relies on, asserted over HTTP: for the real one, for the stand-in, and for
//! the one at `GITEA_CONTRACT_URL` if given.
//!
//! Without the usual harness, because all assertions for one Gitea share it, and it must be stopped, or
//! swept, after the last of them. `cargo test -p contract --test gitea -- comments` runs those with this word in the name.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)] // What cannot go on fails its test.

mod accounts;
mod applications;
mod bridge;
mod browser;
mod client;
mod comments;
mod contents;
mod double;
mod errors;
mod git;
mod grants;
mod hooks;
mod login;
mod organisations;
mod paging;
mod pulls;
mod receiver;
mod repositories;
mod rights;
mod run;
mod search;
mod site;
mod statuses;
mod tokens;
mod two_factor;

use std::process::ExitCode;

use crate::run::Assertion;

/// Names assertions by their module and function.
macro_rules! assertions {
    ($($name:ident),* $(,)?) => {
        pub const ALL: &[$crate::run::Assertion] = &[$((concat!(module_path!(), "::", stringify!($name)), $name)),*];
    };
}
pub(crate) use assertions;

const MODULES: [&[Assertion]; 19] = [
    accounts::ALL,
    applications::ALL,
    bridge::ALL,
    comments::ALL,
    contents::ALL,
    errors::ALL,
    git::ALL,
    grants::ALL,
    hooks::ALL,
    login::ALL,
    organisations::ALL,
    paging::ALL,
    pulls::ALL,
    rights::ALL,
    repositories::ALL,
    search::ALL,
    statuses::ALL,
    tokens::ALL,
    two_factor::ALL,
];

fn main() -> ExitCode {
    run::run(&MODULES.concat())
}
