//! Gitea or Drone that fails, is silent, or answers a page or a loop: a clear error within the deadline, exit 1, no partial
//! change, and one run converges afterwards.

use std::time::Duration;

use converger_kit::Piece;
use converger_kit::http_proxy::HttpFault;

use crate::World;

const FAULTS: [HttpFault; 4] = [HttpFault::Failing, HttpFault::Page, HttpFault::Loop, HttpFault::Silence];

#[test]
fn a_fault_of_gitea_or_drone_is_reported_clearly_and_nothing_is_half_written() {
    let test = "a_fault_of_gitea_or_drone_is_reported_clearly_and_nothing_is_half_written";
    let Some(world) = World::converged(test) else { return };
    world.declare_short_limits();
    let mut reported = 0;
    for name in ["Gitea", "Drone"] {
        for fault in FAULTS {
            let run = world.run_with_http_fault(name, fault.clone());
            assert_eq!(run.exit_code, Some(1), "{name}, {fault:?}: {}", run.stderr);
            let error = run.stderr.lines().find(|line| line.contains(name)).unwrap_or_default();
            println!("{name}, {fault:?}: {error}");
            assert!(!error.is_empty() && run.stderr.contains("hint: "), "{name}, {fault:?}: {}", run.stderr);
            assert!(run.duration < World::SHORT_LIMITS.deadline, "{name}, {fault:?} took {:?}", run.duration);
            run.assert_no_writes();
            world.assert_converged();
            reported += 1;
        }
    }
    println!("{reported} of {reported} reported clearly");
}

#[test]
fn the_service_is_repaired_while_gitea_is_down() {
    let Some(world) = World::converged("the_service_is_repaired_while_gitea_is_down") else { return };
    world.declare_short_limits();
    world.daemon.docker(&["service", "rm", crate::world::SERVICE]);
    let run = world.run_with_http_fault("Gitea", HttpFault::Failing);
    assert_eq!(run.exit_code, Some(1), "{}", run.stderr);
    assert!(run.changes().iter().any(|change| change.starts_with("deploy drone")), "{:?}", run.changes());
    world.assert_converged();
}

#[test]
fn a_bare_machine_converges_once_gitea_is_back() {
    let test = "a_bare_machine_converges_once_gitea_is_back";
    let Some(world) = World::bare(test) else { return };
    world.declare_short_limits();
    for fault in FAULTS {
        let run = world.run_with_http_fault("Gitea", fault.clone());
        assert_eq!(run.exit_code, Some(1), "{fault:?}: {}", run.stderr);
        run.assert_no_writes();
    }
    world.declare(|_| ());
    let run = world.run_with_http_fault("Gitea", HttpFault::Slow(Duration::from_millis(300)));
    run.assert_outcome(0, "changed");
    world.assert_converged();
}

#[test]
fn an_untrusted_certificate_is_blocked() {
    let Some(world) = World::converged("an_untrusted_certificate_is_blocked") else { return };
    // Another authority than that of Drone's certificate.
    let key = rcgen::KeyPair::generate().unwrap();
    let other = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    std::fs::write(world.path("authority.pem"), other.pem()).unwrap();
    let run = world.run();
    run.assert_outcome(1, "blocked");
    run.assert_says("no trusted connection to Drone");
    run.assert_no_writes();
}
