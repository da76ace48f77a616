//! Waiting for a condition, never for a time.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// How often a condition is looked at.
const STEP: Duration = Duration::from_millis(50);

/// What one look at a condition found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen<T> {
    /// It holds.
    Yes(T),
    /// Not yet; with what was there instead.
    NotYet(String),
}

/// Looks again and again until the condition holds, and says at the deadline what was there instead.
pub fn wait_until<T>(what: &str, within: Duration, mut look: impl FnMut() -> Result<Seen<T>>) -> Result<T> {
    let deadline = Instant::now() + within;
    loop {
        match look()? {
            Seen::Yes(found) => return Ok(found),
            Seen::NotYet(last) if Instant::now() >= deadline => {
                return Err(Error::Deadline { what: what.to_owned(), within, last });
            }
            Seen::NotYet(_) => thread::sleep(STEP),
        }
    }
}
