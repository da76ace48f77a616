//! The part of a world that is a piece's own.

use std::ops::DerefMut;
use std::time::Duration;

use serde_json::{Value, json};

use crate::World;

/// Limits in the configuration of a run that shall give up soon, all in seconds.
#[derive(Debug, Clone, Copy)]
pub struct ShortLimits {
    /// The whole run.
    pub run: u64,
    /// One wait.
    pub wait: u64,
    /// One call.
    pub call: u64,
    /// The lock of the piece.
    pub lock: u64,
    /// The deadline of the test, well below that of a test that hangs.
    pub deadline: Duration,
}

/// One piece's world: how it is made, and what is its own.
pub trait Piece: DerefMut<Target = World> + Sized {
    /// The limits of the fault runs.
    const SHORT_LIMITS: ShortLimits =
        ShortLimits { run: 15, wait: 2, call: 1, lock: 1, deadline: Duration::from_secs(20) };

    /// A world without anything of the piece; `None`, after a line with the reason, where it cannot run.
    fn bare(test: &str) -> Option<Self>;

    /// The configuration of a run unless the test changes it.
    fn configuration(&self) -> Value;

    /// Removes everything that runs have made.
    fn wipe(&self);

    /// Brings back what a restart of Docker ends, before the piece is expected to be converged.
    fn after_restart(&self) {}

    /// Asserts what is true of the piece after every run that converged.
    fn assert_state(&self) {}

    /// A world that one run has converged.
    fn converged(test: &str) -> Option<Self> {
        let world = Self::bare(test)?;
        world.run().assert_outcome(0, "changed");
        Some(world)
    }

    /// Writes the configuration, changed by `change`.
    fn declare(&self, change: impl FnOnce(&mut Value)) {
        let mut configuration = self.configuration();
        change(&mut configuration);
        self.configure(&configuration);
    }

    /// Writes the configuration with [`SHORT_LIMITS`](Self::SHORT_LIMITS).
    fn declare_short_limits(&self) {
        let ShortLimits { run, wait, call, lock, .. } = Self::SHORT_LIMITS;
        self.declare(|configuration| {
            configuration["limits"] =
                json!({ "run_seconds": run, "wait_seconds": wait, "call_seconds": call, "lock_seconds": lock });
        });
    }

    /// Asserts that one run succeeds, and that afterwards nothing is left to do.
    #[track_caller]
    fn assert_one_run_converges(&self, after: &str) {
        let run = self.run();
        assert_eq!(run.exit_code, Some(0), "{after}: {run:#?}");
        self.assert_state();
        self.assert_converged();
    }
}
