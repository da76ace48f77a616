//! States of a node that only an operator can repair: each with its own reason and hint, none touched.

use std::fs;
use std::path::Path;
use std::time::Duration;

use converger_kit::Piece;
use dockerd::Daemon;
use serde_json::json;

use crate::World;
use crate::world::{assert_blocked, until_state};

#[test]
fn a_locked_swarm_is_blocked_until_it_is_unlocked() {
    let Some(mut world) = World::converged("a_locked_swarm_is_blocked_until_it_is_unlocked") else { return };
    world.daemon.docker(&["swarm", "update", "--autolock"]);
    let key = world.daemon.docker(&["swarm", "unlock-key", "--quiet"]);
    world.daemon.stop();
    world.daemon.start_again();
    until_state(&world.daemon, "locked");
    assert_blocked(&world.run(), "locked", "docker swarm unlock");
    // As the hint says.
    let mut unlock = world.daemon.command("sh");
    let unlocked = unlock.args(["-c", &format!("echo {key} | docker swarm unlock")]).output().unwrap();
    assert!(unlocked.status.success(), "{}", String::from_utf8_lossy(&unlocked.stderr));
    until_state(&world.daemon, "active");
    world.assert_converged();
}

#[test]
fn live_restore_is_blocked_before_the_first_change() {
    let test = "live_restore_is_blocked_before_the_first_change";
    let Some(mut world) = World::with_settings(test, &json!({ "live-restore": true })) else { return };
    assert_blocked(&world.run(), "live-restore is on", "live-restore");
    assert_eq!(world.daemon.get("/info").unwrap()["Swarm"]["LocalNodeState"], "inactive");
    // As the hint says.
    world.daemon.stop();
    world.daemon.configure(&json!({ "live-restore": false }));
    world.daemon.start_again();
    world.run().assert_outcome(0, "changed");
}

#[test]
fn a_worker_is_blocked_and_one_cut_off_is_waited_for() {
    let Some(mut world) = World::bare("a_worker_is_blocked_and_one_cut_off_is_waited_for") else { return };
    let mut manager = Daemon::start().unwrap();
    manager.cable_to(&world.daemon);
    manager.docker(&["swarm", "init", "--advertise-addr", "10.98.0.1"]);
    let token = manager.docker(&["swarm", "join-token", "--quiet", "worker"]);
    world.daemon.docker(&["swarm", "join", "--token", &token, "--advertise-addr", "10.98.0.2", "10.98.0.1:2377"]);
    assert_blocked(&world.run(), "a worker of a swarm managed at 10.98.0.1:2377", "docker swarm leave");

    // Without its manager, a restarted worker waits to join.
    manager.stop();
    world.daemon.stop();
    world.daemon.start_again();
    until_state(&world.daemon, "pending");
    let run = world.run();
    run.assert_clear_failure(Duration::from_secs(10));
    run.assert_no_writes();
    let message = run.report["error"]["message"].as_str().unwrap();
    assert!(message.contains("waited 2 s for this node to finish joining"), "{message}");
    run.assert_says("docker swarm leave --force");

    // With its manager, it is a worker again.
    manager.start_again();
    until_state(&world.daemon, "active");
    assert_blocked(&world.run(), "a worker", "docker node promote");
    // The other command of the hint.
    world.daemon.docker(&["swarm", "leave"]);
    world.run().assert_outcome(0, "changed");
    world.assert_converged();
}

#[test]
fn a_broken_raft_log_is_blocked_with_a_command() {
    let Some(mut world) = World::converged("a_broken_raft_log_is_blocked_with_a_command") else { return };
    world.daemon.stop();
    let damaged = damage(&world.daemon.data().join("swarm/raft"));
    assert!(damaged > 0, "no raft log to damage");
    world.daemon.start_again();
    until_state(&world.daemon, "error");
    assert_blocked(&world.run(), "its raft log may be damaged: manager stopped: ", "docker swarm leave --force");
    // As the hint says.
    world.daemon.docker(&["swarm", "leave", "--force"]);
    world.run().assert_outcome(0, "changed");
    world.assert_state();
    world.assert_converged();
}

/// Flips one bit of a long record in every file of the log, so that its checksum is wrong.
fn damage(folder: &Path) -> usize {
    let mut damaged = 0;
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            damaged += damage(&entry.path());
        } else if entry.path().extension().is_some_and(|extension| extension == "wal") {
            let mut bytes = fs::read(entry.path()).unwrap();
            if let Some(middle) = middle_of_a_long_record(&bytes) {
                bytes[middle] ^= 1;
                fs::write(entry.path(), bytes).unwrap();
                damaged += 1;
            }
        }
    }
    damaged
}

/// The position of a byte in a long record. A record is a length with flags in its highest byte, the data, and up to seven
/// bytes of padding.
fn middle_of_a_long_record(log: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(field) = log.get(at..at + 8) {
        let flags = field[7];
        let length = field[..7].iter().rev().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        match length {
            0 => return None,
            200.. => return Some(at + 8 + length / 2),
            _ => {}
        }
        let padding = if flags & 0x80 == 0 { 0 } else { usize::from(flags & 7) };
        at += 8 + length + padding;
    }
    None
}
