//! Figures as they are printed, each beside its limit.

use std::time::Duration;

/// Whether every figure so far is within its limit.
#[derive(Debug)]
pub struct Figures {
    reached: bool,
}

impl Figures {
    /// None yet.
    pub fn new() -> Self {
        Self { reached: true }
    }

    /// What the next ones are about.
    pub fn about(what: &str) {
        println!("\n{what}");
    }

    /// One with its limit.
    pub fn show(&mut self, what: &str, value: &str, limit: &str, ok: bool) {
        self.reached &= ok;
        println!("{} {what:<56} {value:>12}   {limit}", if ok { "✓" } else { "✗" });
    }

    /// One that is only told.
    pub fn tell(&mut self, what: &str, value: &str, note: &str) {
        self.show(what, value, note, true);
    }

    /// Whether all are within their limits.
    pub fn are_reached(&self) -> bool {
        self.reached
    }
}

/// With tenths.
pub fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// With hundredths.
pub fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
