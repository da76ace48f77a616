//! Killed after each mutating call in turn; then one run converges.

use std::sync::{Arc, Mutex};

use daemon::Fault;

use crate::World;
use crate::world::DOMAIN;

/// Runs once killed after each mutating call in turn, each from a state that `make` makes.
fn killed_at_every_call(world: &World, what: &str, make: impl Fn()) {
    make();
    let calls = world.run().mutating.len();
    assert!(calls > 1, "{what}: {calls} mutating calls");
    for nth in 1..=calls {
        make();
        world.proxy.forget();
        let victim = Arc::new(Mutex::new(None));
        world.proxy.set_fault(Fault::kill_after(nth, &victim));
        let child = world.start();
        *victim.lock().unwrap() = Some(child.id());
        let killed = world.ended(child);
        assert_eq!(killed.code, None, "{what}: killed after call {nth}: {}", killed.said);
        world.proxy.clear_fault();
        let ran = world.run();
        assert_eq!(ran.code, Some(0), "{what}: after a kill at call {nth}: {}", ran.said);
        world.is_converged();
    }
    println!("{what}: killed after each mutating call, {calls} of {calls} converged");
}

#[test]
fn killed_at_any_call_of_a_first_run() {
    let Some(world) = World::bare("killed_at_any_call_of_a_first_run") else { return };
    killed_at_every_call(&world, "first run", || world.wipe());
}

#[test]
fn killed_at_any_call_of_a_rotation() {
    let Some(world) = World::converged("killed_at_any_call_of_a_rotation") else { return };
    killed_at_every_call(&world, "rotation", || world.new_certificate(&[DOMAIN, "*.ci.localhost"]));
}
