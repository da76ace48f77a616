//! Every word of the page, and that nothing private is on the public one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod hostile;

use serde_json::{Value, json};

use super::*;
use crate::host::source::Disk;

const NOW: &str = "2026-11-28T03:00:00Z";

pub(super) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn bytes(value: &Value) -> Source {
    Source::Bytes(value.to_string().into_bytes())
}

/// A right report of a run that ended five minutes ago, changed by a merge with `change`.
fn report(name: &str, change: &Value) -> Source {
    let mut report = json!({
        "schema": 1, "converger": name, "version": "0.1.0", "outcome": "unchanged", "status": "unchanged · private status",
        "started": "2026-11-28T02:54:58Z", "finished": "2026-11-28T02:55:00Z", "seconds": 2.04, "rounds": 0, "changes": [],
        "waits": [], "drift": [], "blocked": [], "facts": [], "error": null, "configuration": "sha256:0",
    });
    report.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    bytes(&report)
}

fn unit(name: &str, active: &str, sub: &str) -> Value {
    json!({ "unit": name, "load": "loaded", "load_error": null, "active": active, "sub": sub, "has_job": false,
        "since": "2026-11-28T01:00:00Z", "result": "success", "exit": null, "restarts": 0, "status": "private line",
        "missing_credentials": [] })
}

fn units(all: &[Value]) -> Source {
    bytes(&json!({ "schema": 1, "outdated_since": null, "units": all }))
}

/// A host on which all is right.
pub(super) fn right() -> Sources {
    let convergers = CONVERGERS.map(|name| unit(&unit_of(name), "active", "exited"));
    let others = [("docker.service", "running"), ("converge.target", "active"), ("drone-runner.service", "running")];
    let others = others.map(|(name, sub)| unit(name, "active", sub));
    let bridge =
        json!({ "schema": 1, "now": "2026-11-28T02:59:59Z", "problems": {}, "notes": {}, "counts": { "building": 2 } });
    Sources {
        reports: CONVERGERS.into_iter().map(|name| (name, report(name, &json!({})))).collect(),
        host: units(&[convergers.to_vec(), others.to_vec()].concat()),
        bridge: bytes(&bridge),
        disk: Some(Disk { bytes: 100 << 30, bytes_free: 50 << 30, inodes: 1000, inodes_free: 900 }),
    }
}

fn with_report(name: &'static str, change: &Value) -> Host {
    let mut sources = right();
    sources.reports.insert(name, report(name, change));
    Host::new(&sources, now())
}

fn with_unit(change: &Value) -> Host {
    let mut sources = right();
    let mut all = vec![unit("made-up.service", "active", "running")];
    all[0].as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    sources.host = units(&all);
    Host::new(&sources, now())
}

fn whats(host: &Host) -> Vec<(Condition, &str)> {
    host.problems.iter().map(|problem| (problem.condition, problem.what.as_str())).collect()
}

#[test]
fn a_host_on_which_all_is_right_is_one_line() {
    let host = Host::new(&right(), now());
    assert_eq!(host.problems, []);
    assert_eq!(
        (host.condition, host.summary.as_str()),
        (Condition::Good, "Everything is as declared: 5 convergers, seen 5 min ago")
    );
    let piece = &host.pieces[0];
    assert_eq!(
        (piece.name, piece.word, piece.condition, piece.changes, piece.drift),
        ("swarm", "unchanged", Condition::Good, 0, 0)
    );
    assert_eq!(piece.when.as_ref().unwrap().age, "5 min ago");
    assert_eq!(piece.took.as_deref(), Some("2 s"));
    assert_eq!(host.units[5].state, "active (running)");
    assert_eq!(host.units[5].since.as_ref().unwrap().age, "2 h ago");
    let figures: Vec<_> = host.figures.iter().map(|figure| (figure.name.as_str(), figure.value.as_str())).collect();
    assert_eq!(
        figures,
        [
            ("Disk of the runs", "50 % full, 50.0 GiB of 100.0 GiB free"),
            ("Inodes of that disk", "10 % used, 900 free"),
            ("Bridge, last sign", "1 s ago"),
            ("Requests in progress", "2 building or queued"),
        ]
    );
}

#[test]
fn each_outcome_has_its_words() {
    let failed = json!({ "outcome": "failed", "error": { "message": "no answer", "causes": ["refused"], "hint": "start it" },
        "waits": [{ "for": "traefik to settle", "seen": "0 of 1" }],
        "changes": [{ "change": "deploy", "result": "done" }, { "change": "remove", "result": "failed" }] });
    let host = with_report("traefik", &failed);
    assert_eq!(whats(&host), [(Condition::Bad, "converge-traefik has failed")]);
    let problem = &host.problems[0];
    assert_eq!(problem.texts, ["no answer: refused", "hint: start it", "waited for traefik to settle: 0 of 1"]);
    assert_eq!(problem.places, ["/run/converge/traefik.json", "journalctl -u converge-traefik.service"]);
    assert_eq!(
        (host.pieces[1].changes, host.pieces[1].condition, host.summary.as_str()),
        (1, Condition::Bad, "1 problem")
    );
    assert_eq!(host.pieces[1].texts[1..], ["done: deploy", "failed: remove"]);

    let blocked =
        json!({ "outcome": "blocked", "blocked": [{ "object": "swarm", "reason": "locked", "hint": "unlock" }] });
    let host = with_report("swarm", &blocked);
    assert_eq!(whats(&host), [(Condition::Bad, "converge-swarm is blocked: only an operator can go on")]);
    assert_eq!(host.problems[0].texts, ["swarm: locked", "hint: unlock"]);

    let drifted = json!({ "outcome": "drifted", "drift": [{ "object": "network/proxy", "reason": "subnet",
        "commands": ["docker network rm proxy", "systemctl restart converge-swarm"] }] });
    let host = with_report("swarm", &drifted);
    assert_eq!(whats(&host), [(Condition::Bad, "1 difference that converge-swarm does not repair by itself")]);
    assert_eq!(host.problems[0].commands, ["docker network rm proxy", "systemctl restart converge-swarm"]);
    assert_eq!(host.pieces[0].drift, 1);
}

#[test]
fn a_run_that_goes_on_is_told_apart_from_one_that_was_killed() {
    let running = json!({ "outcome": "running", "finished": null, "started": "2026-11-28T02:00:00Z" });
    assert_eq!(
        whats(&with_report("drone", &running)),
        [(Condition::Bad, "The last run of converge-drone was killed before its end")]
    );

    let mut sources = right();
    sources.reports.insert("drone", report("drone", &running));
    sources.host = units(&[unit("converge-drone.service", "activating", "start")]);
    let host = Host::new(&sources, now());
    assert_eq!((whats(&host), host.summary.as_str()), (vec![], "A converger runs"));
    assert_eq!((host.pieces[2].word, host.pieces[2].took.clone()), ("running", None));

    sources.host = Source::Missing;
    let host = Host::new(&sources, now());
    assert_eq!(
        whats(&host),
        [
            (Condition::Warning, "The states of the units are not known: host-status does not run"),
            (Condition::Warning, "converge-drone has been running for 1 h"),
        ]
    );
}

#[test]
fn a_converger_without_a_report_has_a_reason() {
    let word = |change: &Value| {
        let mut sources = right();
        sources.reports.insert("dashboard", Source::Missing);
        let mut one = unit("converge-dashboard.service", "inactive", "dead");
        one.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        sources.host = units(&[one]);
        let host = Host::new(&sources, now());
        (host.pieces[4].word, host.problems.iter().map(|problem| problem.what.clone()).collect::<Vec<_>>())
    };
    assert_eq!(word(&json!({ "load": "not-found" })), ("not on this host", vec![]));
    assert_eq!(word(&json!({ "active": "activating" })), ("starting", vec![]));
    assert_eq!(
        word(&json!({})),
        ("never ran", vec!["converge-dashboard has not run since the host was booted".to_owned()])
    );

    let nothing = Host::new(&Sources::default(), now());
    assert_eq!(
        (nothing.condition, nothing.summary.as_str()),
        (Condition::Unknown, "No converger has reported since the host was booted")
    );
    assert_eq!(nothing.pieces[4].word, "no report");
    assert_eq!(nothing.figures[0].value, "cannot be read");
}

#[test]
fn facts_become_figures_and_warnings() {
    let fact = |name: &str, value: Value| json!({ "facts": [{ "name": name, "value": value }] });
    let figure = |host: &Host, name: &str| host.figures.iter().find(|figure| figure.name == name).cloned().unwrap();
    for (time, value, condition) in [
        ("2027-02-10T03:00:00Z", "ends in 74 days", Condition::Good),
        ("2026-12-18T03:00:00Z", "ends in 20 days", Condition::Warning),
        ("2026-11-30T02:00:00Z", "ends in 1 day", Condition::Bad),
        ("2026-11-28T04:00:00Z", "ends within a day", Condition::Bad),
        ("2026-11-28T02:00:00Z", "has expired", Condition::Bad),
    ] {
        let host = with_report("traefik", &fact("certificate_expires", json!({ "time": time })));
        let found = figure(&host, "Certificate");
        assert_eq!(
            (found.value.as_str(), found.condition, found.when.unwrap().time.as_str()),
            (value, condition, time)
        );
        let told = host.problems.iter().map(|problem| problem.what.clone()).collect::<Vec<_>>();
        assert_eq!(told, if condition == Condition::Good { vec![] } else { vec![format!("Certificate: {value}")] });
    }
    let network = json!({ "addresses_taken": 210, "addresses": 253, "percent": 83 });
    let host = with_report("swarm", &fact("network_proxy", network));
    assert_eq!(whats(&host), [(Condition::Warning, "Network proxy: 83 % full, 210 of 253 addresses")]);
    let host = with_report("bridge", &fact("service", json!({ "name": "comment-bridge", "wanted": 1, "running": 0 })));
    assert_eq!(whats(&host), [(Condition::Bad, "Service comment-bridge: 0 of 1 tasks run")]);
    let host = with_report("drone", &fact("drone_version", json!("1.9.0+2.26.0")));
    assert_eq!(figure(&host, "Version of drone").value, "1.9.0+2.26.0");
    for (connected, words) in [
        (json!(true), "connected to Drone"),
        (json!(false), "not connected to Drone"),
        (json!(null), "not known to be connected"),
    ] {
        let host = with_report("drone", &fact("runner", json!({ "unit": "active", "connected": connected })));
        assert_eq!(figure(&host, "Runner").value, format!("active, {words} at the last run of converge-drone"));
    }

    let warning = json!({ "message": "release is held: major", "hint": "pin it" });
    let held = json!({ "facts": [{ "name": "held_release", "value": { "tag": "2.0.0+3.0" }, "warning": warning },
        { "name": "clone_differs", "value": [], "warning": warning }, 7] });
    let host = with_report("drone", &held);
    assert_eq!(
        whats(&host),
        [
            (Condition::Warning, "1 part of the report of converge-drone cannot be read"),
            (Condition::Warning, "converge-drone holds release 2.0.0+3.0"),
            (Condition::Warning, "converge-drone warns of clone differs"),
        ]
    );
    assert_eq!(host.problems[1].texts, ["release is held: major", "hint: pin it"]);
    assert_eq!(
        (host.pieces[2].held.clone(), host.pieces[2].condition),
        (vec!["2.0.0+3.0".to_owned()], Condition::Warning)
    );
    assert_eq!((host.condition, host.summary.as_str()), (Condition::Warning, "3 warnings"));
}

#[test]
fn each_state_of_a_unit_has_its_words() {
    let exit = json!({ "kind": "exited", "status": 243, "name": "CREDENTIALS" });
    let cases = [
        (json!({}), vec![]),
        (json!({ "active": "inactive", "sub": "dead" }), vec![]),
        (json!({ "load": "not-found", "active": "inactive" }), vec![]),
        (
            json!({ "active": "failed", "sub": "failed", "result": "exit-code", "exit": exit, "missing_credentials": ["token"] }),
            vec![(Condition::Bad, "made-up.service has failed (exit-code, exited 243/CREDENTIALS)")],
        ),
        (
            json!({ "active": "activating", "sub": "auto-restart", "restarts": 4 }),
            vec![(Condition::Bad, "made-up.service exits by itself and is restarted, 4 times so far")],
        ),
        (
            json!({ "load": "masked", "active": "inactive" }),
            vec![(Condition::Bad, "made-up.service cannot be loaded: masked")],
        ),
        (
            json!({ "unit": "docker.service", "active": "inactive", "sub": "dead" }),
            vec![(Condition::Bad, "docker.service does not run")],
        ),
        (json!({ "unit": "docker.service", "active": "inactive", "sub": "dead", "has_job": true }), vec![]),
        (
            json!({ "unit": "drone-runner.service", "active": "inactive", "sub": "dead" }),
            vec![(Condition::Warning, "drone-runner.service does not run: runs wait in the queue")],
        ),
    ];
    for (change, expected) in cases {
        let host = with_unit(&change);
        assert_eq!(whats(&host), expected, "{change}");
        if change["missing_credentials"].is_array() {
            assert_eq!(host.problems[0].texts, ["private line", "missing credentials: token"]);
            assert_eq!(host.problems[0].places, ["journalctl -u made-up.service"]);
            assert_eq!(host.units[0].result.as_deref(), Some("exit-code, exited 243/CREDENTIALS"));
        }
    }
}

#[test]
fn a_failed_converger_is_told_once() {
    let mut sources = right();
    sources.reports.insert("swarm", report("swarm", &json!({ "outcome": "failed" })));
    sources.host = units(&[unit("converge-swarm.service", "failed", "failed")]);
    assert_eq!(whats(&Host::new(&sources, now())), [(Condition::Bad, "converge-swarm has failed")]);
    sources.reports.insert("swarm", report("swarm", &json!({})));
    assert_eq!(whats(&Host::new(&sources, now())), [(Condition::Bad, "converge-swarm.service has failed")]);
}

#[test]
fn outdated_states_judge_nothing() {
    let mut sources = right();
    let all = [unit("docker.service", "failed", "failed")];
    sources.host = bytes(&json!({ "schema": 1, "outdated_since": "2026-11-28T02:50:00Z", "units": all }));
    let host = Host::new(&sources, now());
    assert_eq!(
        whats(&host),
        [(Condition::Warning, "The states of the units are 10 min old: systemd does not answer host-status")]
    );
    assert_eq!((host.units[0].state.as_str(), host.units[0].condition), ("failed (failed)", Condition::Unknown));
}

#[test]
fn the_bridge_and_the_disk_are_judged() {
    let mut sources = right();
    sources.disk = Some(Disk { bytes: 100, bytes_free: 14, inodes: 100, inodes_free: 4 });
    sources.bridge = bytes(&json!({ "schema": 1, "now": "2026-11-28T02:58:00Z", "counts": {},
        "problems": { "poll": "address refused" }, "notes": { "a": "note text" } }));
    let host = Host::new(&sources, now());
    assert_eq!(
        whats(&host),
        [
            (Condition::Bad, "Inodes of that disk: 96 % used, 4 free"),
            (Condition::Bad, "The bridge has last published its state 2 min ago"),
            (Condition::Bad, "The bridge has 1 problem"),
            (Condition::Warning, "Disk of the runs: 86 % full, 0.0 GiB of 0.0 GiB free"),
            (Condition::Warning, "The bridge has 1 note"),
        ]
    );
    assert_eq!(host.summary, "3 problems, 2 warnings");
    assert_eq!(host.figures.last().unwrap().value, "none");
    sources = Sources { bridge: Source::Missing, ..right() };
    assert_eq!(whats(&Host::new(&sources, now())), [(Condition::Bad, "The bridge publishes no state")]);
}
