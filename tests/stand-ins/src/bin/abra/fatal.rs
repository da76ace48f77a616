//! Errors that end the program, and log lines.

use std::fmt::{self, Display};

/// Error that ends the program with exit code 1.
#[derive(Debug)]
pub enum Fatal {
    /// The message has been printed already.
    Silent,
    /// Message to print on its own line.
    Said(String),
}

impl Fatal {
    pub fn new(why: impl Into<String>) -> Self {
        Self::Said(why.into())
    }

    /// Wraps an error with the action that failed.
    pub fn when<E: Display>(what: impl Display) -> impl FnOnce(E) -> Self {
        move |error| Self::Said(format!("{what}: {error}"))
    }
}

impl Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => Ok(()),
            Self::Said(why) => f.write_str(why),
        }
    }
}

/// Prints a line in the form of abra's log: on stderr, with the level first.
pub fn say(level: &str, text: &str) {
    eprintln!("{level} {text}");
}

pub fn info(text: &str) {
    say("INFO", text);
}

pub fn warn(text: &str) {
    say("WARN", text);
}
