//! Docker that is not there, slow, silent, refuses, or answers garbage.

use converger_kit::{Piece, faults};

use crate::World;

converger_kit::fault_tests!(World, writes: &["/swarm/init", "/networks/create"]);

#[test]
fn a_daemon_that_comes_back_within_the_retries_is_no_failure() {
    let test = "a_daemon_that_comes_back_within_the_retries_is_no_failure";
    let Some(mut world) = World::converged(test) else { return };
    world.daemon.stop();
    let running = world.start_run_without_proxy();
    world.daemon.start_again();
    world.finish(running).assert_outcome(0, "unchanged");
}

#[test]
fn a_change_that_is_never_answered_is_given_up_and_mended_by_the_next_run() {
    let test = "a_change_that_is_never_answered_is_given_up_and_mended_by_the_next_run";
    for run in faults::unanswered_writes::<World>(test, &["/networks/create"]) {
        assert!(run.report["error"]["message"].as_str().unwrap().contains("create network proxy"), "{run:#?}");
    }
}
