//! `converge-dashboard`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    converge::main::<converge_dashboard::ConvergeDashboard>()
}
