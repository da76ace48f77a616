//! `converge-swarm`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    common::converger::main::<converge_swarm::Swarm>()
}
