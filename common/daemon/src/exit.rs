//! The last line of a program, and its exit code.

use std::io::Write as _;
use std::process::ExitCode;

use base::error::{Explain, Explained};

/// Prints an error with its hint to standard error; returns the exit code of its class.
pub fn fail(program: &str, error: &dyn Explain) -> ExitCode {
    let error = Explained::new(error);
    // Standard error may be closed.
    let _ = writeln!(std::io::stderr(), "{program}: {error}");
    ExitCode::from(error.class.exit_code())
}

/// Prints a line to standard output.
pub fn print(text: &str) -> ExitCode {
    // The reader of the pipe may have exited.
    let _ = writeln!(std::io::stdout(), "{text}");
    ExitCode::SUCCESS
}
