//! Killed at each mutating call to Docker in turn; then one run converges.

use converger_kit::{Piece, kills};

use crate::{World, images};

#[test]
fn killed_at_any_call_of_a_first_run() {
    let Some(world) = World::bare("killed_at_any_call_of_a_first_run") else { return };
    kills::killed_at_every_write(&world, "first run", |world, _| world.wipe());
}

#[test]
fn killed_at_any_call_of_a_change_of_image_and_tokens() {
    let Some(world) = World::converged("killed_at_any_call_of_a_change_of_image_and_tokens") else { return };
    kills::killed_at_every_write(&world, "image and tokens", |world, nth| {
        images::healthy(&world.path("comment-bridge.tar"), &format!("well, {nth}"));
        world.write_credential("gitea-token", &format!("gitea-token-{nth}"));
        world.write_credential("drone-token", &format!("drone-token-{nth}"));
    });
}
