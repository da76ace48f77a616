//! After the end of a build, nothing of its steps is left, in spite of all that they start and all their resistance.

use std::time::Duration;

use crate::drone::Build;
use crate::machine::{Machine, is_optimised};

const SOON: Duration = Duration::from_secs(20);

/// Steps that fork, daemonise, ignore SIGTERM, hold pipes open, mount.
fn resisting(kind: usize) -> Build {
    let commands: &[&str] = match kind % 6 {
        0 => &["for i in 1 2 3 4 5; do sleep 1000 & done; echo ready; sleep 1000"],
        1 => &[
            "setsid sh -c 'setsid sleep 1000 <&- >/dev/null 2>&1 & exec sleep 1000' </dev/null >/dev/null 2>&1 &",
            "echo ready; sleep 1000",
        ],
        2 => &["trap '' TERM INT HUP; echo ready; while :; do sleep 0.05; done"],
        3 => &[
            "(trap '' TERM; exec sleep 1000) & yes > /dev/null &",
            "(trap '' TERM; echo ready; exec sleep 1000) & yes x | tail -n 1",
        ],
        4 => &["mkdir -p m; mount -t tmpfs none m; touch m/x; echo ready; sleep 1000"],
        _ => &[
            "for i in 1 2 3 4 5 6 7 8; do (sleep 0.0$i; setsid sh -c 'sleep 1000 & sleep 1000') & done; echo ready; wait",
        ],
    };
    Build::commands(commands)
}

#[test]
fn a_hundred_builds_cancelled_at_random_moments_leave_nothing() {
    let Some(machine) = Machine::up("runner-cancel") else { return };
    machine.start("ci", |settings| settings["capacity"] = 4.into());
    for round in 0..25 {
        let builds: Vec<i64> = (0..4).map(|kind| machine.drone.create(resisting(round + kind))).collect();
        for id in &builds {
            // A random moment, from before the runner accepts it to well within.
            let pause = u64::from(std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos() % 80);
            std::thread::sleep(Duration::from_millis(pause));
            machine.drone.cancel(*id);
        }
        for id in builds {
            let build = machine.drone.wait_over(id, SOON);
            assert_eq!(build.status, "killed", "{build:#?}");
            assert_ne!(build.stage["status"], "running", "{build:#?}");
        }
    }
    machine.nothing_left(SOON);
    println!("100 builds cancelled, 0 processes left (0 units, 0 mounts)");
    let status = machine.status("ci");
    assert_eq!((&status["state"], status["builds"].as_array().map(Vec::len)), (&"idle".into(), Some(0)), "{status}");
    machine.lab.down().unwrap();
}

#[test]
fn cancelled_is_gone_within_two_seconds() {
    let Some(machine) = Machine::up("runner-gone") else { return };
    machine.start("ci", |_| ());
    let mut longest = Duration::ZERO;
    for kind in 0..6 {
        let id = machine.drone.create(resisting(kind));
        machine
            .drone
            .wait(id, "is well within", SOON, |build| build.live.values().any(|live| live.contains("\nready\n")));
        assert!(!machine.step_processes().is_empty());
        machine.drone.cancel(id);
        longest = longest.max(machine.until_no_process(SOON));
    }
    println!("cancel to last process gone: {:.2} s at most, of 6", longest.as_secs_f64());
    assert!(longest <= Duration::from_secs(if is_optimised() { 2 } else { 8 }), "{longest:?}");
    machine.nothing_left(SOON);
    machine.lab.down().unwrap();
}
