//! `drone-runner`: see the library, `converge_drone::runner`.

use std::process::ExitCode;

fn main() -> ExitCode {
    converge_drone::runner::program::main()
}
