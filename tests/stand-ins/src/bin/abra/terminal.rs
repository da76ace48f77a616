//! The terminal: some commands of abra fail without one, others ask on it.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::cli::Global;
use crate::fatal::Fatal;

/// Fails like abra where abra asks the terminal for its size, or passes one to a command.
pub fn require() -> Result<(), Fatal> {
    if io::stdout().is_terminal() && io::stdin().is_terminal() {
        return Ok(());
    }
    Err(Fatal::new("inappropriate ioctl for device"))
}

/// Asks for confirmation, unless a flag forbids questions.
pub fn confirm(question: &str, global: Global) -> Result<(), Fatal> {
    if global.no_input {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Fatal::new("EOF"));
    }
    print!("? {question} (y/N) ");
    io::stdout().flush().map_err(Fatal::when("write"))?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(Fatal::when("read"))?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(Fatal::new("deployment cancelled"))
}
