//! Backups: hooks around a snapshot. They need a terminal.

use crate::bench::is_real;
use crate::swarm::Swarm;

const DOMAIN: &str = "hello.ci.localhost";
const APP: &str = "hello_ci_localhost_app";

#[test]
fn a_snapshot_restores_the_state() {
    let test = "a_snapshot_restores_the_state";
    if is_real() {
        return println!("skipped: {test}: the real abra wants a backup app, whose image is not here");
    }
    let Some(swarm) = Swarm::start(test, &["hello"], &["hello:1.0.0"]) else { return };
    swarm.new_hello(DOMAIN);
    swarm.abra_in_terminal(&["app", "backup", "create", DOMAIN, "-n", "-o"]).fatal("not deployed");
    swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o"]).ok();
    swarm.exec(APP, "echo first > /data/note; echo other > /data/other");
    for (command, rest) in [("backup", &["create"][..]), ("restore", &[])] {
        let arguments = [&["app", command], rest, &[DOMAIN, "-n", "-o"]].concat();
        swarm.abra(&arguments).fatal("inappropriate ioctl for device");
    }
    swarm.abra_in_terminal(&["app", "backup", "create", DOMAIN, "-n", "-o"]).ok();
    assert_eq!(swarm.exec(APP, "ls /data"), "note\nother", "the hook after it tidied up");
    let snapshots = swarm.abra(&["app", "backup", "snapshots", DOMAIN, "-n", "-o"]).ok().stdout;
    assert_eq!(snapshots.lines().count(), 1, "{snapshots}");
    let first = snapshots.split_whitespace().last().unwrap().to_owned();

    swarm.exec(APP, "echo second > /data/note; echo changed > /data/other");
    swarm.abra_in_terminal(&["app", "backup", "create", DOMAIN, "-n", "-o"]).ok();
    swarm.exec(APP, "rm /data/note");
    swarm.abra_in_terminal(&["app", "restore", DOMAIN, "-n", "-o"]).ok();
    assert_eq!(swarm.exec(APP, "cat /data/note"), "second", "the latest, unless one is named");
    swarm.abra_in_terminal(&["app", "restore", DOMAIN, "-n", "-o", "--snapshot", &first]).ok();
    assert_eq!(swarm.exec(APP, "cat /data/note"), "first");
    assert_eq!(swarm.exec(APP, "cat /data/other"), "changed", "the label says which path is backed up");
    let unknown = swarm.abra_in_terminal(&["app", "restore", DOMAIN, "-n", "-o", "-s", "00000000"]);
    unknown.fatal("not found");
}

#[test]
fn a_failing_hook_fails_the_backup() {
    let test = "a_failing_hook_fails_the_backup";
    if is_real() {
        return println!("skipped: {test}: the real abra wants a backup app, whose image is not here");
    }
    let Some(swarm) = Swarm::start(test, &["hello"], &["hello:1.0.0"]) else { return };
    swarm.new_hello(DOMAIN);
    swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o"]).ok();
    // The volume has no note to dump.
    swarm.abra_in_terminal(&["app", "backup", "create", DOMAIN, "-n", "-o"]).fatal("pre-hook");
    assert_eq!(swarm.abra(&["app", "backup", "snapshots", DOMAIN, "-n", "-o"]).ok().stdout, "");
}
