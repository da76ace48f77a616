//! For generated states: applying plans to a model of Docker ends with nothing left to change, within the rounds a run has,
//! and never takes objects that are in use or of another owner.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use cases::service::{World, world};
use converge_dashboard::{ConvergeDashboard, Desired};
use proptest::prelude::*;

/// A configuration and any state of its service.
fn worlds() -> impl Strategy<Value = (Desired, World)> {
    let desired = (any::<bool>(), 64..66_u32).prop_map(|(has_links, memory_mib)| {
        let desired: Desired = serde_json::from_str(include_str!("../../example.json")).unwrap();
        Desired { gitea: desired.gitea.filter(|_| has_links), memory_mib, ..desired }
    });
    desired.prop_flat_map(|desired| {
        let world = world(&converge_dashboard::wanted::wanted(&desired), &[]);
        (Just(desired), world)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_run_ends_with_nothing_left_to_change((desired, world) in worlds()) {
        world.assert_one_run_converges::<ConvergeDashboard>(&desired);
    }
}
