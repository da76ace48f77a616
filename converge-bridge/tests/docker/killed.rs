//! Killed after each changing call to Docker in turn; then one run converges.

use std::sync::{Arc, Mutex};

use dockerd::Fault;

use crate::{World, images};

fn killed_after(world: &World, nth: usize) -> Option<i32> {
    let victim = Arc::new(Mutex::new(None));
    world.proxy.forget();
    world.proxy.set_fault(Fault::kill_after(nth, &victim));
    let child = world.start();
    *victim.lock().unwrap() = Some(child.id());
    let ran = world.ended(child);
    world.proxy.clear_fault();
    ran.code
}

fn killed_at_every_call(world: &World, what: &str, make: impl Fn(usize)) {
    make(0);
    let calls = world.run().ends_as(0, "changed").mutating.clone();
    for (nth, call) in (1..).zip(&calls) {
        make(nth);
        assert_eq!(killed_after(world, nth), None, "{what}: killed after call {nth} ({call})");
        let ran = world.run();
        assert_eq!(ran.code, Some(0), "{what}: killed after call {nth} ({call}): {}", ran.said);
        world.is_converged();
    }
    println!("{what}: killed after each changing call, {n} of {n} converged", n = calls.len());
}

#[test]
fn killed_at_any_call_of_a_first_run() {
    let Some(world) = World::bare("killed_at_any_call_of_a_first_run") else { return };
    killed_at_every_call(&world, "first run", |_| world.wipe());
}

#[test]
fn killed_at_any_call_of_a_change_of_image_and_tokens() {
    let Some(world) = World::converged("killed_at_any_call_of_a_change_of_image_and_tokens") else { return };
    killed_at_every_call(&world, "image and tokens", |nth| {
        images::well(&world.path("comment-bridge.tar"), &format!("well, {nth}"));
        world.give("gitea-token", &format!("gitea-token-{nth}"));
        world.give("drone-token", &format!("drone-token-{nth}"));
    });
}
