//! Gitea or Drone out of order: a clear error within the deadline, exit 1, nothing half-written, and afterwards one run
//! converges.

use std::time::{Duration, Instant};

use crate::World;
use crate::front::Fault;

const FAULTS: [Fault; 4] = [Fault::Failing, Fault::Page, Fault::Loop, Fault::Silence];

/// Shorter waits: what is out of order stays so.
fn impatient(world: &World) {
    world.declare(|desired| {
        desired["limits"] = serde_json::json!({
            "run_seconds": 60, "wait_seconds": 4, "call_seconds": 3, "lock_seconds": 5,
        });
    });
}

#[test]
fn a_gitea_or_drone_out_of_order_is_told_clearly_and_nothing_is_half_written() {
    let test = "a_gitea_or_drone_out_of_order_is_told_clearly_and_nothing_is_half_written";
    let Some(world) = World::converged(test) else { return };
    impatient(&world);
    let mut told = 0;
    for (name, front) in [("Gitea", &world.gitea), ("Drone", &world.drone)] {
        for fault in FAULTS {
            let began = Instant::now();
            let ran = world.run_with(front, fault.clone());
            assert_eq!(ran.code, Some(1), "{name}, {fault:?}: {}", ran.said);
            let error = ran.said.lines().find(|line| line.contains(name)).unwrap_or_default();
            println!("{name}, {fault:?}: {error}");
            assert!(!error.is_empty() && ran.said.contains("hint: "), "{name}, {fault:?}: {}", ran.said);
            assert!(began.elapsed() < Duration::from_secs(40), "{name}, {fault:?} took {:?}", began.elapsed());
            assert_eq!(ran.mutating.concat(), [""; 0], "{name}, {fault:?}");
            world.is_converged();
            told += 1;
        }
    }
    println!("{told} of {told} told clearly");
}

#[test]
fn what_runs_is_looked_after_while_gitea_is_down() {
    let Some(world) = World::converged("what_runs_is_looked_after_while_gitea_is_down") else { return };
    impatient(&world);
    world.daemon.docker(&["service", "rm", crate::world::SERVICE]);
    let ran = world.run_with(&world.gitea, Fault::Failing);
    assert_eq!(ran.code, Some(1), "{}", ran.said);
    assert!(ran.changes().iter().any(|change| change.starts_with("deploy drone")), "{:?}", ran.changes());
    world.is_converged();
}

#[test]
fn a_bare_machine_with_gitea_out_of_order_converges_once_it_is_back() {
    let test = "a_bare_machine_with_gitea_out_of_order_converges_once_it_is_back";
    let Some(world) = World::bare(test) else { return };
    impatient(&world);
    for fault in FAULTS {
        let ran = world.run_with(&world.gitea, fault.clone());
        assert_eq!(ran.code, Some(1), "{fault:?}: {}", ran.said);
        assert_eq!(ran.mutating.concat(), [""; 0], "{fault:?}");
    }
    world.declare(|_| ());
    let ran = world.run_with(&world.gitea, Fault::Slow(Duration::from_millis(300)));
    ran.ends_as(0, "changed");
    world.is_converged();
}

#[test]
fn a_certificate_nobody_trusts_is_blocked() {
    let Some(world) = World::converged("a_certificate_nobody_trusts_is_blocked") else { return };
    // Another authority than the one that signed what Drone's front serves.
    let key = rcgen::KeyPair::generate().unwrap();
    let other = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    std::fs::write(world.path("authority.pem"), other.pem()).unwrap();
    let ran = world.run();
    ran.ends_as(1, "blocked");
    assert!(ran.said.contains("no trusted connection to Drone"), "{}", ran.said);
    assert_eq!(ran.mutating.concat(), [""; 0]);
}
