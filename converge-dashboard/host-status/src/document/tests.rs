//! Units in the words of the file.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::PathBuf;

use super::*;

fn now() -> Timestamp {
    "2026-11-28T03:00:00Z".parse().unwrap()
}

fn service(code: i32, status: i32) -> ServiceState {
    ServiceState { result: "exit-code".into(), code, status, text: String::new(), restarts: 2, credentials: Vec::new() }
}

fn state(active: &str, since: Option<u64>, service: Option<ServiceState>) -> State {
    State {
        load: "loaded".into(),
        load_error: None,
        active: active.into(),
        sub: active.into(),
        has_job: false,
        since,
        service,
    }
}

#[test]
fn an_end_has_the_name_that_systemctl_shows() {
    for (code, status, expected) in [
        (1, 243, Some(("exited", Some("CREDENTIALS")))),
        (1, 203, Some(("exited", Some("EXEC")))),
        (1, 1, Some(("exited", None))),
        (2, 9, Some(("killed", Some("SIGKILL")))),
        (3, 11, Some(("dumped", Some("SIGSEGV")))),
        (2, 99, Some(("killed", None))),
        (0, 0, None),
    ] {
        let unit = Unit::of("a.service", state("failed", None, Some(service(code, status))), None, now());
        assert_eq!(unit.exit.map(|exit| (exit.kind, exit.name)), expected, "{code} {status}");
    }
}

#[test]
fn a_missing_credential_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let there = directory.path().join("there");
    std::fs::write(&there, "x").unwrap();
    let credentials = |of: &[(&str, PathBuf)]| of.iter().map(|(name, path)| ((*name).into(), path.clone())).collect();
    let gone = directory.path().join("gone");
    let with = |status, of: &[(&str, PathBuf)]| {
        let service = ServiceState { credentials: credentials(of), ..service(1, status) };
        Unit::of("a.service", state("failed", None, Some(service)), None, now()).missing_credentials
    };
    assert_eq!(with(243, &[("token", there.clone()), ("key", gone.clone())]), ["key"]);
    assert_eq!(with(243, &[("token", there.clone())]), ["token"], "the file may be unreadable for systemd");
    assert_eq!(with(1, &[("key", gone)]), [""; 0]);
}

#[test]
fn a_time_that_systemd_has_forgotten_is_kept_or_noticed() {
    let since =
        |active, told, before: Option<&Unit>, now| Unit::of("a.service", state(active, told, None), before, now).since;
    let micros = u64::try_from(now().as_microsecond()).unwrap();
    let later: Timestamp = "2026-11-28T04:00:00Z".parse().unwrap();
    let before = Unit::of("a.service", state("active", Some(micros), None), None, now());
    assert_eq!(before.since, Some(now()));
    assert_eq!(since("active", None, Some(&before), later), Some(now()), "the same state");
    assert_eq!(since("inactive", None, Some(&before), later), Some(later), "ended and unloaded before it was read");
    let unknown = Unit::unknown("a.service");
    assert_eq!(since("inactive", None, Some(&unknown), later), None);
    assert_eq!(since("inactive", Some(u64::MAX), None, later), None);
}

#[test]
fn the_file_is_as_it_is_described() {
    let mut document = Document::new(&["drone-runner.service".into()], now());
    assert_eq!(document.summary(), "systemd does not answer");
    let before = serde_json::to_value(&document).unwrap();
    assert_eq!(before["outdated_since"], "2026-11-28T03:00:00Z");
    assert_eq!(before["units"][0]["active"], "unknown");

    let micros = u64::try_from(now().as_microsecond()).unwrap() - 1_000_000;
    let state = state("failed", Some(micros), Some(ServiceState { restarts: 0, ..service(1, 243) }));
    document.units[0] = Unit::of("drone-runner.service", state, None, now());
    document.units[0].missing_credentials = vec!["rpc-secret".into()];
    document.outdated_since = None;
    let example: String = include_str!("../document.rs")
        .lines()
        .skip_while(|line| *line != "//! ```json")
        .skip(1)
        .take_while(|line| *line != "//! ```")
        .map(|line| line.trim_start_matches("//!"))
        .collect();
    let example: serde_json::Value = serde_json::from_str(&example).unwrap();
    assert_eq!(serde_json::to_value(&document).unwrap(), example);
    assert_eq!(document.summary(), "1 units, failed: drone-runner.service");
}
