//! `drone-runner`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    drone_runner::program::main()
}
