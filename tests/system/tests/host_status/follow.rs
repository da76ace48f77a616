//! Changes of units: in the file within a second, coalesced, and nothing without a change.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::machine::{DIRECTORY, Machine, memory, of_threads};

/// The promise to the dashboard.
const A_SECOND: Duration = Duration::from_secs(1);
/// For what systemd does first, on a busy machine.
const SOON: Duration = Duration::from_secs(20);
/// The time without a change, in which the program must not run.
const IDLE: Duration = Duration::from_secs(20);

#[test]
fn changes_are_in_the_file_within_a_second_and_nothing_happens_without_one() {
    let Some(machine) = Machine::up("host-status") else { return };
    machine.until("a current file", SOON, |document| document["outdated_since"].is_null() && document["schema"] == 1);
    assert_eq!(machine.unit("works.service")["active"], "inactive");
    assert_eq!(machine.unit("late.service")["load"], "not-found");

    each_change_is_told(&machine);
    a_burst_is_coalesced(&machine);
    a_reload_is_seen(&machine);
    nothing_wakes_it_up(&machine);
    the_directory_is_its_own(&machine);

    let (resident, anonymous) = memory(machine.pid());
    println!("host-status: {resident} KiB resident, {anonymous} KiB of them without a file");
    machine.lab.down().unwrap();
}

fn each_change_is_told(machine: &Machine) {
    machine.shell("systemctl start works");
    let took = machine.until_unit("works.service", "active", A_SECOND);
    println!("a start is in the file {} ms later", took.as_millis());
    assert_eq!(machine.unit("works.service")["sub"], "exited");

    machine.shell("systemctl start fails; systemctl is-failed --wait fails || true");
    machine.until_unit("fails.service", "failed", A_SECOND);
    let unit = machine.unit("fails.service");
    assert_eq!(unit["result"], "exit-code");
    assert_eq!(unit["exit"], json!({ "kind": "exited", "status": 3, "name": null }));
    assert!(unit["since"].as_str().is_some_and(|since| since.ends_with('Z')), "{unit}");

    machine.shell("systemctl start secretless || true");
    machine.until_unit("secretless.service", "failed", A_SECOND);
    let unit = machine.unit("secretless.service");
    assert_eq!(unit["exit"], json!({ "kind": "exited", "status": 243, "name": "CREDENTIALS" }));
    assert_eq!(unit["missing_credentials"], json!(["token"]));
    assert!(
        machine.shell("systemctl status host-status || true").contains("failed: fails.service, secretless.service")
    );

    machine.shell("systemctl reset-failed");
    machine.until_unit("fails.service", "inactive", A_SECOND);
}

/// The number of files that were written is bounded by the time that passes, not by the number of changes.
fn a_burst_is_coalesced(machine: &Machine) {
    let path = machine.outside(&format!("{DIRECTORY}/host.json"));
    let burst = "for i in $(seq 40); do systemctl restart works; systemctl stop works; done";
    let mut running = machine.lab.command(&["sh", "-c", burst]).unwrap().spawn().unwrap();
    let began = Instant::now();
    let mut files = BTreeSet::new();
    while running.try_wait().unwrap().is_none() {
        files.extend(fs::metadata(&path).map(|file| (file.ino(), file.mtime_nsec())));
        std::thread::yield_now();
    }
    let took = began.elapsed();
    machine.until_unit("works.service", "inactive", A_SECOND);
    println!("120 changes within {} ms made {} files", took.as_millis(), files.len());
    assert!(u128::try_from(files.len()).unwrap() <= took.as_millis() / 200 + 2, "{}", files.len());
}

fn a_reload_is_seen(machine: &Machine) {
    machine.write_unit("late.service", "[Service]\nExecStart=/bin/sleep 1000\n");
    machine.shell("systemctl daemon-reload");
    machine.until("the new unit", A_SECOND, |_| machine.unit("late.service")["load"] == "loaded");
    machine.shell("systemctl start late");
    machine.until_unit("late.service", "active", A_SECOND);
    // Not loaded any more after its end, so that the next start is announced as a new unit.
    machine.shell("systemctl stop late");
    machine.until_unit("late.service", "inactive", A_SECOND);
    assert!(machine.unit("late.service")["since"].is_string(), "{}", machine.unit("late.service"));
    machine.shell("systemctl start late");
    machine.until_unit("late.service", "active", A_SECOND);
}

/// Other units change meanwhile, which concerns the program as little as no change at all.
fn nothing_wakes_it_up(machine: &Machine) {
    machine.write_unit("other.service", "[Service]\nExecStart=/bin/true\n");
    machine.shell("systemctl daemon-reload");
    let pid = machine.pid();
    let switches = || of_threads(pid, "voluntary_ctxt_switches") + of_threads(pid, "nonvoluntary_ctxt_switches");
    // Calm after the reload.
    let mut last = switches();
    machine.until("the program to rest", SOON, |_| {
        let now = switches();
        std::mem::replace(&mut last, now) == now
    });
    std::thread::sleep(Duration::from_millis(500));
    let before = switches();
    let began = Instant::now();
    while began.elapsed() < IDLE {
        machine.shell("systemctl start other");
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(switches() - before, 0, "wake-ups in {} s", IDLE.as_secs());
    println!("0 wake-ups in {} s, while other units start", IDLE.as_secs());
}

/// The directory above belongs to root, as the convergers' runtime directory does; theirs and its come and go apart.
fn the_directory_is_its_own(machine: &Machine) {
    assert_eq!(machine.shell("stat -c '%U %a' /run/converge"), "root 755");
    assert_eq!(
        machine.shell(&format!("stat -c '%U %a' {DIRECTORY} {DIRECTORY}/host.json")),
        "host-status 755\nhost-status 644"
    );
    let converger = "systemd-run --wait --quiet --property=RuntimeDirectory=converge \
         --property=RuntimeDirectoryPreserve=yes --property=ProtectSystem=strict touch /run/converge/swarm.json";
    machine.shell(converger);
    assert_eq!(machine.shell(&format!("stat -c '%U' {DIRECTORY}")), "host-status");
    machine.shell("systemctl stop works late");
    machine.until_unit("late.service", "inactive", A_SECOND);

    machine.shell("systemctl stop host-status");
    assert_eq!(machine.shell("ls /run/converge"), "swarm.json", "no file is left that claims to be current");
    machine.shell(converger);
    machine.shell("systemctl start host-status");
    machine.until("the file again", A_SECOND, |document| document["outdated_since"].is_null());
    assert_eq!(machine.shell("ls /run/converge"), "host\nswarm.json");
}
