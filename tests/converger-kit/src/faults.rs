//! Docker that is not there, slow, silent, refuses, or answers garbage: a clear error within the deadline, and one run
//! converges once the fault is gone.
//!
//! Each function is one test of a piece's suite; its first argument is that test's name.

use std::time::Duration;

use dockerd::{Fault, Garbage};

use crate::{Piece, Run};

/// Docker is stopped: the error names its unit, and the piece is converged after the restart.
pub fn docker_not_running<P: Piece>(test: &str) {
    let Some(mut world) = P::converged(test) else { return };
    world.daemon.stop();
    let run = world.run_without_proxy();
    run.assert_clear_failure(P::SHORT_LIMITS.deadline);
    run.assert_says("docker.service");
    world.daemon.start_again();
    world.after_restart();
    world.assert_converged();
}

/// A slow Docker is waited for within the limit of one call, and not beyond.
pub fn slow_docker<P: Piece>(test: &str) {
    let Some(world) = P::bare(test) else { return };
    world.proxy.set_fault(Fault::Delay(Duration::from_millis(200)));
    world.run().assert_outcome(0, "changed");
    world.assert_converged();
    world.declare_short_limits();
    let run = world.run_with_fault("", Fault::Delay(Duration::from_secs(3)));
    assert_gives_up::<P>(&run, "");
    run.assert_no_writes();
}

/// Docker accepts a call and never answers it.
pub fn silent_docker<P: Piece>(test: &str) {
    let Some(world) = P::converged(test) else { return };
    let parts = parts(&world);
    world.declare_short_limits();
    for part in &parts {
        let run = world.run_with_fault(part, Fault::Hang);
        assert_gives_up::<P>(&run, part);
        run.assert_no_writes();
    }
    world.assert_converged();
    println!("silent Docker: {0} of {0} runs gave up in time", parts.len());
}

/// Docker's answers are garbage: an error, never a state.
pub fn garbage<P: Piece>(test: &str) {
    let Some(world) = P::converged(test) else { return };
    let parts = parts(&world);
    world.declare_short_limits();
    let mut failed = 0;
    for garbage in [Garbage::Json, Garbage::Shape, Garbage::Http, Garbage::Half] {
        for part in &parts {
            let run = world.run_with_fault(part, Fault::Garbage(garbage));
            println!("{garbage:?} on {part:?}: {}", run.stderr.trim().replace('\n', " | "));
            run.assert_clear_failure(P::SHORT_LIMITS.deadline);
            run.assert_no_writes();
            failed += 1;
        }
    }
    world.assert_converged();
    println!("garbage: {failed} of {failed} runs failed clearly and changed nothing");
}

/// Docker refuses reads, then the mutating calls whose path contains one of `writes`: the error has Docker's message.
pub fn refusals<P: Piece>(test: &str, writes: &[&str]) {
    let Some(world) = P::converged(test) else { return };
    let parts = parts(&world);
    world.declare_short_limits();
    for status in [403, 500, 503] {
        for part in &parts {
            let run = world.run_with_fault(part, Fault::Refuse(status, "the disk is full of sand".to_owned()));
            run.assert_outcome(1, "failed");
            run.assert_no_writes();
            run.assert_says("the disk is full of sand");
            assert!(run.duration < P::SHORT_LIMITS.deadline, "{status} on {part:?}: {:?}", run.duration);
        }
    }
    world.declare(|_| ());
    for part in writes {
        world.wipe();
        let run = world.run_with_fault(part, Fault::Refuse(500, "no more room for it today".to_owned()));
        run.assert_outcome(1, "failed");
        run.assert_says("no more room for it today");
    }
    world.run().assert_outcome(0, "changed");
    world.assert_converged();
    println!("refusals: {0} of {0} reported with Docker's message", 3 * parts.len() + writes.len());
}

/// Docker never answers a mutating call whose path contains one of `writes`. Returns the runs that gave up.
pub fn unanswered_writes<P: Piece>(test: &str, writes: &[&str]) -> Vec<Run> {
    let Some(world) = P::bare(test) else { return Vec::new() };
    let mut runs = Vec::new();
    for part in writes {
        world.wipe();
        world.declare_short_limits();
        let run = world.run_with_fault(part, Fault::Hang);
        run.assert_clear_failure(P::SHORT_LIMITS.deadline);
        world.declare(|_| ());
        world.run().assert_outcome(0, "changed");
        world.assert_converged();
        runs.push(run);
    }
    runs
}

/// The parts of paths that a fault is set on: each path of a run without changes, and all calls.
#[track_caller]
fn parts<P: Piece>(world: &P) -> Vec<String> {
    let mut parts = world.paths_read();
    parts.push(String::new());
    parts
}

#[track_caller]
fn assert_gives_up<P: Piece>(run: &Run, part: &str) {
    run.assert_clear_failure(P::SHORT_LIMITS.deadline);
    let says = format!("did not answer within {} s", P::SHORT_LIMITS.call);
    assert!(run.stderr.contains(&says), "{part:?}: {}", run.stderr);
}

/// The tests of [`faults`](crate::faults) that are the same for every piece. `writes` are parts of the paths of mutating
/// calls that a first run makes.
#[macro_export]
macro_rules! fault_tests {
    ($world:ty, writes: $writes:expr) => {
        #[test]
        fn docker_not_running_is_reported_in_time() {
            $crate::faults::docker_not_running::<$world>("docker_not_running_is_reported_in_time");
        }

        #[test]
        fn a_slow_daemon_is_waited_for_within_the_deadline() {
            $crate::faults::slow_docker::<$world>("a_slow_daemon_is_waited_for_within_the_deadline");
        }

        #[test]
        fn a_silent_daemon_is_given_up_in_time() {
            $crate::faults::silent_docker::<$world>("a_silent_daemon_is_given_up_in_time");
        }

        #[test]
        fn garbage_is_an_error_not_a_state() {
            $crate::faults::garbage::<$world>("garbage_is_an_error_not_a_state");
        }

        #[test]
        fn a_refusal_is_reported_in_dockers_words() {
            $crate::faults::refusals::<$world>("a_refusal_is_reported_in_dockers_words", $writes);
        }
    };
}
