//! The state of the host: what the convergers, host-status and the bridge write, and the model of the page `/host`.
//!
//! | file | written by | read by |
//! |---|---|---|
//! | `<reports>/<converger>.json` | `common/converge` | [`report`] |
//! | `<reports>/host/host.json` | host-status | [`units`] |
//! | `<bridge>/triggers.json` | comment-bridge | [`mod@bridge`] |
//!
//! [`source`] reads the files, the readers turn each into types entry by entry, and [`model`] judges them: pure, so that each
//! of its words is tested. Nothing here trusts a file: a damaged one is a problem on the page and hides no other.

pub mod bridge;
mod json;
pub mod model;
pub mod report;
pub mod source;
pub mod units;
mod words;

pub use model::Host;
pub use source::Sources;

/// The convergers, in the order of their runs.
pub const CONVERGERS: [&str; 5] = ["swarm", "traefik", "drone", "bridge", "dashboard"];
