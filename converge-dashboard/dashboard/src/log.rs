//! The log of a run: the file `run.log` in its directory, which grows while the run goes on.
//!
//! A position is an offset in bytes. Lines are shown as a terminal shows them at last ([`base::terminal::visible`]); a
//! line without its end is kept back until the run has ended.

mod follow;
mod part;

pub use follow::follow;
pub use part::{LARGEST, Part, read};

/// The file of the log.
pub const FILE: &str = "run.log";
