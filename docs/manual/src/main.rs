//! `manual [DIRECTORY]`: writes `man/` and `completions/` there, `target/manual` by default.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let directory = std::env::args_os().nth(1).map_or_else(|| "target/manual".into(), PathBuf::from);
    match manual::write(&directory) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}: {error}", directory.display());
            ExitCode::FAILURE
        }
    }
}
