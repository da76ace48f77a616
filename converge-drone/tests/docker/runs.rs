//! First run, second run.

use converger_kit::Piece;

use crate::World;

#[test]
fn from_bare_to_an_activated_repository_and_then_nothing_changes() {
    let Some(world) = World::bare("from_bare_to_an_activated_repository_and_then_nothing_changes") else { return };
    world.run().assert_outcome(0, "changed").print_changes();
    world.assert_state();
    world.assert_converged();
}
