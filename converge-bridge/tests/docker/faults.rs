//! Docker that is not there, slow, silent, refuses, answers garbage, or was changed by another client meanwhile.

use std::sync::Arc;

use converger_kit::{Piece, kills};
use dockerd::Fault;

use crate::World;
use crate::world::SERVICE;

/// Mutating calls of a first run.
const WRITES: &[&str] = &["/images/load", "/secrets/create", "/services/create"];

converger_kit::fault_tests!(World, writes: WRITES);

#[test]
fn a_connection_lost_at_any_change_is_mended_by_the_next_run() {
    let Some(world) = World::bare("a_connection_lost_at_any_change_is_mended_by_the_next_run") else { return };
    kills::disconnected_at_every_write(&world, "first run", |world, _| world.wipe(), |_, _| ());
}

#[test]
fn an_update_by_another_client_meanwhile_is_observed_again() {
    let Some(world) = World::converged("an_update_by_another_client_meanwhile_is_observed_again") else { return };
    world.daemon.docker(&["service", "update", "--quiet", "--detach=true", "--env-add=DEBUG=1", SERVICE]);
    // Between observation and update of the run, another client updates the service: the version has moved.
    let socket = world.daemon.socket();
    let action = Arc::new(move || {
        let host = format!("unix://{}", socket.display());
        let update = ["service", "update", "--quiet", "--detach=true", "--env-add=MORE=1", SERVICE];
        std::process::Command::new("docker").args(["--host", &host]).args(update).output().unwrap();
    });
    // A secret is created before the service is updated.
    world.write_credential("gitea-token", "another-token-0123456789");
    let run = world.run_with_fault("", Fault::ActAfter { nth: 1, action });
    run.assert_outcome(0, "changed");
    assert!(run.changes().iter().any(|change| change.contains("Env.MORE is extra")), "{:?}", run.changes());
    world.assert_converged();
}
