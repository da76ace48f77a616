//! Directories of runs for tests and measurements, the same for the same seed.
//!
//! - [`ordinary`]: what a server has after some months
//! - [`odd`]: hostile and damaged runs, each with what a reader must make of it

pub mod odd;
pub mod ordinary;

pub use odd::{Expected, Odd};
pub use ordinary::Ordinary;
