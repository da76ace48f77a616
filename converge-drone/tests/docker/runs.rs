//! First run, second run.

use crate::World;

#[test]
fn from_bare_to_an_activated_repository_and_then_nothing_changes() {
    let Some(world) = World::bare("from_bare_to_an_activated_repository_and_then_nothing_changes") else { return };
    let ran = world.run();
    ran.ends_as(0, "changed");
    for change in ran.report["changes"].as_array().unwrap() {
        println!("{:5.1} s  {}", change["seconds"].as_f64().unwrap(), change["change"].as_str().unwrap());
    }
    let repository = world.repository();
    assert_eq!(
        (&repository["active"], &repository["timeout"], &repository["trusted"]),
        (&true.into(), &70.into(), &true.into())
    );
    world.is_converged();
}
