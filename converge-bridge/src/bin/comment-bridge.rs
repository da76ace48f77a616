//! `comment-bridge`: see `converge_bridge::server`.

use std::process::ExitCode;

fn main() -> ExitCode {
    converge_bridge::server::program::main()
}
