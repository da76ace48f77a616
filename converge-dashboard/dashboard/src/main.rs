//! The program `dashboard`.

use std::process::ExitCode;

fn main() -> ExitCode {
    dashboard::program::main()
}
