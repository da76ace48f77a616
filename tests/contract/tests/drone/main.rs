//! Behaviour of the Drone server that this project relies on, asserted over HTTP with a Gitea beside it: for the stand-in, or
//! for the real server that `DRONE_CONTRACT_BIN` or `DRONE_CONTRACT_URL` names.
//!
//! Run by libtest-mimic, because the assertions share one server and one Gitea, which must be stopped
//! after the last of them. `cargo test -p contract --test drone -- logs` runs those with this word in the name.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)] // What cannot go on fails its test.
#![allow(clippy::unnecessary_wraps)] // Every assertion may say why it cannot be made.

mod accounts;
mod answers;
mod bridge;
mod browser;
mod builds;
mod client;
mod double;
mod events;
mod faults;
mod login;
mod logs;
mod refusals;
mod reports;
mod repositories;
mod restarts;
mod run;
mod runner;
mod secrets;
mod server;
mod site;
mod stages;
mod tokens;

use std::process::ExitCode;

use crate::run::Assertion;

/// Names assertions by their module and function.
macro_rules! assertions {
    ($($name:ident),* $(,)?) => {
        pub const ALL: &[$crate::run::Assertion] = &[$((concat!(module_path!(), "::", stringify!($name)), $name)),*];
    };
}
pub(crate) use assertions;

const MODULES: [&[Assertion]; 15] = [
    server::ALL,
    accounts::ALL,
    login::ALL,
    refusals::ALL,
    repositories::ALL,
    builds::ALL,
    bridge::ALL,
    stages::ALL,
    answers::ALL,
    reports::ALL,
    logs::ALL,
    secrets::ALL,
    events::ALL,
    tokens::ALL,
    restarts::ALL,
];

fn main() -> ExitCode {
    run::run(&[&MODULES.concat()[..], faults::ALL].concat())
}
