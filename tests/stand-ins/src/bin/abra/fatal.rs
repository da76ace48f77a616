//! How the program gives up, and how it talks.

use std::fmt::{self, Display};

/// Why the program ends with exit code 1.
#[derive(Debug)]
pub enum Fatal {
    /// Everything has been said already.
    Silent,
    /// To be said on a line of its own.
    Said(String),
}

impl Fatal {
    pub fn new(why: impl Into<String>) -> Self {
        Self::Said(why.into())
    }

    /// Turns an error into a fatal one that says what was tried.
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

/// Says a line as abra's log does: on standard error, with the level in front.
pub fn say(level: &str, text: &str) {
    eprintln!("{level} {text}");
}

pub fn info(text: &str) {
    say("INFO", text);
}

pub fn warn(text: &str) {
    say("WARN", text);
}
