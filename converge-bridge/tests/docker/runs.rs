//! First run, second run.

use crate::World;

#[test]
fn from_bare_to_a_service_that_answers_and_then_nothing_changes() {
    let Some(world) = World::bare("from_bare_to_a_service_that_answers_and_then_nothing_changes") else { return };
    let ran = world.run();
    ran.ends_as(0, "changed");
    for change in ran.report["changes"].as_array().unwrap() {
        println!("{:5.1} s  {}", change["seconds"].as_f64().unwrap(), change["change"].as_str().unwrap());
    }
    world.is_converged();
}
