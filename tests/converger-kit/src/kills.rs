//! Runs that are killed, or lose the connection or the daemon, at each mutating call in turn; then one run converges.
//!
//! `make` brings the world to the state that the runs begin from, whatever the state before. Its second argument is the
//! number of the mutating call that is next broken: 0 for the whole run that counts them.

use std::sync::Arc;

use dockerd::Fault;
use nix::sys::signal::{Signal, kill};

use crate::{Piece, Run, Writes};

/// Makes the state, and returns the mutating calls of a run from there.
#[track_caller]
fn writes_from<P: Piece>(world: &P, start: &str, make: impl Fn(&P, usize)) -> Vec<Writes> {
    make(world, 0);
    let run = world.run();
    run.assert_outcome(0, "changed");
    assert!(run.all_writes().len() > 1, "{start}: {run:#?}");
    run.writes
}

/// SIGKILL to the run between effect and answer of each mutating call to each service.
#[track_caller]
pub fn killed_at_every_write<P: Piece>(world: &P, start: &str, make: impl Fn(&P, usize)) {
    for Writes { service, calls } in writes_from(world, start, &make) {
        for (nth, call) in (1..).zip(&calls) {
            make(world, nth);
            let killed = world.run_killed(service, nth);
            let at = format!("{start}: killed at call {nth} to {service} ({call})");
            assert_eq!(killed.exit_code, None, "{at}: {killed:#?}");
            assert_eq!(killed.report["outcome"], "running", "{at}");
            world.assert_one_run_converges(&at);
        }
        println!("{start}: killed at each mutating call to {service}, {n} of {n} converged", n = calls.len());
    }
}

/// Docker closes the connection before and after the effect of each mutating call. `check` asserts on each such run.
#[track_caller]
pub fn disconnected_at_every_write<P: Piece>(
    world: &P,
    start: &str,
    make: impl Fn(&P, usize),
    check: impl Fn(&P, &Run),
) {
    let writes = writes_from(world, start, &make).swap_remove(0).calls;
    for nth in 1..=writes.len() {
        for fault in [Fault::CloseBefore { nth }, Fault::CloseAfter { nth }] {
            make(world, nth);
            let cut = world.run_with_fault("", fault.clone());
            check(world, &cut);
            world.assert_one_run_converges(&format!("{start}: {fault:?}, {}", cut.stderr));
        }
    }
    println!("{start}: connection closed at each mutating call, {0} of {0} converged", 2 * writes.len());
}

/// The `check` for a piece that may fail on a lost connection: success, or a clear failure in time.
#[track_caller]
pub fn assert_success_or_failure<P: Piece>(_: &P, cut: &Run) {
    if cut.exit_code != Some(0) {
        cut.assert_clear_failure(P::SHORT_LIMITS.deadline);
    }
}

/// A signal ends Docker between effect and answer of each mutating call, and Docker starts again. `check` asserts on each
/// such run; its second argument is true if the call was the last one.
#[track_caller]
pub fn docker_ended_at_every_write<P: Piece>(
    world: &mut P,
    start: &str,
    signal: Signal,
    make: impl Fn(&P, usize),
    check: impl Fn(&Run, bool),
) {
    let writes = writes_from(world, start, &make).swap_remove(0).calls;
    for nth in 1..=writes.len() {
        make(world, nth);
        let daemon = world.daemon.pid().unwrap();
        let action = Arc::new(move || kill(daemon, signal).unwrap());
        let cut = world.run_with_fault("", Fault::ActAfter { nth, action });
        check(&cut, nth == writes.len());
        world.daemon.stop();
        world.daemon.start_again();
        world.assert_one_run_converges(&format!("{start}: Docker ended at call {nth}, {}", cut.stderr));
    }
    println!("{start}: Docker ended at each mutating call, {n} of {n} converged", n = writes.len());
}
