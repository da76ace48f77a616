//! From start to SIGTERM.

mod pulse;

pub use pulse::Pulse;
