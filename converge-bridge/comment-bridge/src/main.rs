//! `comment-bridge`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    comment_bridge::program::main()
}
