//! Killed at each mutating call to Docker in turn; then one run converges.

use converger_kit::{Piece, kills};

use crate::World;

#[test]
fn killed_at_any_call_of_a_first_run() {
    let Some(world) = World::bare("killed_at_any_call_of_a_first_run") else { return };
    kills::killed_at_every_write(&world, "first run", |world, _| world.wipe());
}
