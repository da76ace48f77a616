//! Changes by hand, each repaired by one run.

use crate::Piece;

/// (name, the change by hand, a text of a change that the run reports)
pub type Drift<P> = (&'static str, fn(&P), &'static str);

/// Asserts that one run repairs each drift of a converged world by its own change.
#[track_caller]
pub fn assert_each_repaired<P: Piece>(world: &P, drifts: &[Drift<P>]) {
    for (name, happens, change) in drifts {
        println!("case: {name}");
        happens(world);
        let run = world.run();
        run.assert_outcome(0, "changed");
        assert!(run.changes().iter().any(|made| made.contains(change)), "{name}: {:?}", run.changes());
        world.assert_converged();
        world.assert_state();
    }
    println!("{n} of {n} drifts repaired, each by one run", n = drifts.len());
}
