//! Killed at each mutating call to Docker, to Gitea and to Drone in turn; then one run converges.

use converger_kit::http_proxy::HttpFault;
use converger_kit::{Piece, kills};

use crate::World;

#[test]
fn killed_at_any_call_of_a_first_run() {
    let Some(world) = World::bare("killed_at_any_call_of_a_first_run") else { return };
    kills::killed_at_every_write(&world, "first run", |world, _| world.wipe());
}

#[test]
fn killed_at_any_call_after_the_client_secret_was_regenerated_by_hand() {
    let test = "killed_at_any_call_after_the_client_secret_was_regenerated_by_hand";
    let Some(world) = World::converged(test) else { return };
    kills::killed_at_every_write(&world, "client secret", |world, _| {
        world.regenerate_client_secret();
        world.revoke_grants();
    });
}

#[test]
fn an_answer_lost_at_any_call_is_made_up_for() {
    let Some(world) = World::bare("an_answer_lost_at_any_call_is_made_up_for") else { return };
    let first = world.run();
    first.assert_outcome(0, "changed");
    for service in ["Gitea", "Drone"] {
        let calls = first.writes_to(service);
        for (nth, call) in (1..).zip(calls) {
            world.wipe();
            world.run_with_http_fault(service, HttpFault::LoseAnswer(nth));
            world.assert_one_run_converges(&format!("the answer of call {nth} to {service} was lost ({call})"));
        }
        println!("an answer of {service} lost: {n} of {n} converged", n = calls.len());
    }
}
