//! Waits for a condition, never for a fixed time.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// Interval between two looks at a condition.
const STEP: Duration = Duration::from_millis(50);

/// Result of one look at a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen<T> {
    /// The condition holds.
    Yes(T),
    /// The condition does not hold; with the present state.
    NotYet(String),
}

/// Looks until the condition holds; the error at the deadline contains the last state.
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
