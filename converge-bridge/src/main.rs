//! `converge-bridge`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    common::converger::main::<converge_bridge::ConvergeBridge>()
}
