//! `host-status`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    host_status::program::main()
}
