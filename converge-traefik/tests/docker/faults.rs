//! Docker that is not there, slow, silent, refuses, answers garbage, or ends during a run.

use converger_kit::{Piece, faults, kills};
use nix::sys::signal::Signal;

use crate::World;

/// Mutating calls of a first run: one of the converger, one of abra.
const WRITES: &[&str] = &["/secrets/create", "/services/create"];

converger_kit::fault_tests!(World, writes: WRITES);

#[test]
fn a_change_that_is_never_answered_is_given_up_and_mended_by_the_next_run() {
    let test = "a_change_that_is_never_answered_is_given_up_and_mended_by_the_next_run";
    faults::unanswered_writes::<World>(test, WRITES);
}

#[test]
fn a_connection_lost_at_any_change_is_mended_by_the_next_run() {
    let Some(world) = World::bare("a_connection_lost_at_any_change_is_mended_by_the_next_run") else { return };
    kills::disconnected_at_every_write(&world, "first run", |world, _| world.wipe(), kills::assert_success_or_failure);
}

#[test]
fn a_daemon_stopped_at_any_change_is_mended_by_the_next_run() {
    let Some(mut world) = World::bare("a_daemon_stopped_at_any_change_is_mended_by_the_next_run") else { return };
    let (start, make) = ("first run", |world: &World, _| world.wipe());
    kills::docker_ended_at_every_write(&mut world, start, Signal::SIGTERM, make, |cut, _| {
        cut.assert_clear_failure(World::SHORT_LIMITS.deadline);
    });
}
