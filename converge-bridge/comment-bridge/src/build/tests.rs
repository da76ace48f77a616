//! What becomes of triggers, with a Drone of the test's own and time under control.

mod cancels;
mod decisions;
mod drone;
mod failures;
mod lost;
mod making;
mod properties;
mod world;
