//! A converger: a oneshot that observes the host, changes only the differences, and reports its changes.
//!
//! A piece implements [`Converger`]; everything else (flags, the loop, the report, the status line, the journal, the
//! exit code) is the same for all. Data flows one way:
//!
//! ```text
//! configuration -> Desired ─┐
//!                           ├─ plan (pure) -> Plan -> changes, waits, drift, blocks
//! the host -> Observed ─────┘        ▲                    │ apply
//!        └───────────────────────────┴──── observe again ─┘
//! ```

mod cli;
mod configuration;
mod human;
mod message_id;
mod progress;
mod record;
pub mod report;
mod run;

use std::fmt::Display;

use base::configuration::Problem;
use base::error::Explain;
use base::fact::Fact;
use base::host::Host;
use base::limits::Limits;
use base::plan::Plan;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use cli::{command, main};
pub use configuration::{Loaded, load};
pub use progress::Progress;
pub use record::Record;
pub use report::{ChangeReport, ChangeResult, Outcome, Report};
pub use run::{Ended, run};

/// One mutation of the host. `Display` is its one line, in the imperative: `create network proxy (10.10.0.0/16)`.
#[allow(async_fn_in_trait, reason = "one thread runs a converger; no caller needs the futures to be Send")]
pub trait Change<C: Converger>: Display + Serialize {
    /// Returns the changed object, for the journal's field `OBJECT`: `network/proxy`.
    fn object(&self) -> String;

    /// Makes the change. Must be safe to be killed at any instant and done again.
    async fn apply(&self, on: &C) -> Result<(), C::Error>;
}

/// One piece of the host that is brought to its declared state.
#[allow(async_fn_in_trait, reason = "one thread runs a converger; no caller needs the futures to be Send")]
pub trait Converger: Sized {
    /// The piece's name, as in `converge-<name>.service`.
    const NAME: &'static str;
    /// Rounds with changes after which a run gives up.
    const ROUNDS: u32 = 5;
    /// The configuration: what the operator declared.
    type Desired: DeserializeOwned + JsonSchema;
    /// The observed state. Unknown parts are marked as unknown, never guessed. Time is part of it.
    type Observed: Serialize;
    /// One mutation.
    type Change: Change<Self>;
    /// The crate's error.
    type Error: Explain;

    /// Returns the problems of a configuration that its types cannot refuse. No I/O: this runs where the host is built.
    fn check(desired: &Self::Desired) -> Vec<Problem>;

    /// Returns the deadlines.
    fn limits(desired: &Self::Desired) -> Limits;

    /// Loads credentials and connects. Writes nothing.
    async fn connect(desired: Self::Desired, host: Host) -> Result<Self, Self::Error>;

    /// The configuration this converger was connected with.
    fn desired(&self) -> &Self::Desired;

    /// Observes the host. Writes nothing.
    async fn observe(&self) -> Result<Self::Observed, Self::Error>;

    /// Returns the changes from observed to desired. Pure: no I/O, no clock, no randomness.
    fn plan(desired: &Self::Desired, observed: &Self::Observed) -> Plan<Self::Change>;

    /// Returns the facts of the observed state: versions, expiry, fill. Pure.
    fn facts(desired: &Self::Desired, observed: &Self::Observed) -> Vec<Fact>;
}
