//! Killed after each changing call to Docker, to Gitea and to Drone in turn; then one run converges.

use std::sync::{Arc, Mutex};

use dockerd::Fault as DockerFault;

use crate::World;
use crate::front::Fault;
use crate::world::Ran;

/// Whom the last call before the kill went to.
const WHOM: [&str; 3] = ["Docker", "Gitea", "Drone"];

fn killed_after(world: &World, whom: usize, nth: usize) -> Ran {
    world.run_killed(|victim: &Arc<Mutex<Option<u32>>>| match whom {
        0 => world.proxy.set_fault(DockerFault::kill_after(nth, victim)),
        1 => world.gitea.order(Some(Fault::KillAfter(nth, Arc::clone(victim)))),
        _ => world.drone.order(Some(Fault::KillAfter(nth, Arc::clone(victim)))),
    })
}

fn killed_at_every_call(world: &World, what: &str, make: impl Fn()) {
    make();
    let calls = world.run().ends_as(0, "changed").mutating.clone();
    for (whom, calls) in calls.iter().enumerate() {
        for (nth, call) in (1..).zip(calls) {
            make();
            let killed = killed_after(world, whom, nth);
            let at = format!("{what}: killed after call {nth} to {} ({call})", WHOM[whom]);
            assert_eq!(killed.code, None, "{at}: {}", killed.said);
            let ran = world.run();
            assert_eq!(ran.code, Some(0), "{at}: {}", ran.said);
            world.is_converged();
        }
        println!("{what}: killed after each changing call to {}, {n} of {n} converged", WHOM[whom], n = calls.len());
    }
}

#[test]
fn killed_at_any_call_of_a_first_run() {
    let Some(world) = World::bare("killed_at_any_call_of_a_first_run") else { return };
    killed_at_every_call(&world, "first run", || world.wipe());
}

#[test]
fn killed_at_any_call_after_the_client_secret_was_regenerated_by_hand() {
    let test = "killed_at_any_call_after_the_client_secret_was_regenerated_by_hand";
    let Some(world) = World::converged(test) else { return };
    killed_at_every_call(&world, "client secret", || {
        world.regenerate_client_secret();
        world.revoke_grants();
    });
}

#[test]
fn an_answer_lost_at_any_call_is_made_up_for() {
    let Some(world) = World::bare("an_answer_lost_at_any_call_is_made_up_for") else { return };
    let calls = world.run().ends_as(0, "changed").mutating.clone();
    for (front, calls) in [(&world.gitea, &calls[1]), (&world.drone, &calls[2])] {
        for (nth, call) in (1..).zip(calls) {
            world.wipe();
            world.run_with(front, Fault::LoseAnswer(nth));
            let ran = world.run();
            assert_eq!(ran.code, Some(0), "the answer of call {nth} was lost ({call}): {}", ran.said);
            world.is_converged();
        }
    }
    let all = calls[1].len() + calls[2].len();
    println!("an answer of Gitea's or Drone's lost: {all} of {all} converged");
}
