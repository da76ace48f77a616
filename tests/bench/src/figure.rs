//! Printed figures, each beside its limit.

use std::time::Duration;

/// Results of the figures so far.
#[derive(Debug)]
pub struct Figures {
    reached: bool,
}

impl Figures {
    /// No figures yet.
    pub fn new() -> Self {
        Self { reached: true }
    }

    /// Prints the heading of the next figures.
    pub fn about(what: &str) {
        println!("\n{what}");
    }

    /// Prints a figure with its limit.
    pub fn show(&mut self, what: &str, value: &str, limit: &str, ok: bool) {
        self.reached &= ok;
        println!("{} {what:<56} {value:>12}   {limit}", if ok { "✓" } else { "✗" });
    }

    /// Prints a figure without a limit.
    pub fn tell(&mut self, what: &str, value: &str, note: &str) {
        self.show(what, value, note, true);
    }

    /// True if all figures are within their limits.
    pub fn are_reached(&self) -> bool {
        self.reached
    }
}

/// A time in ms, with one decimal.
pub fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// A time in s, with two decimals.
pub fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
