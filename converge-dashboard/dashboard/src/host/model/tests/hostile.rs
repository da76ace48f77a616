//! Damaged and malicious files: harmless, and nothing private reaches the public page.

use serde_json::json;

use super::{bytes, now, report, right, unit, units, whats};
use crate::host::model::{Condition, Host};
use crate::host::source::Source;

#[test]
fn a_damaged_file_is_a_problem_and_hides_no_other() {
    for content in [&b"\xff\xfe"[..], b"", b"[]", b"{\"schema\": 99}", b"{\"schema\": 1, \"converger\": 7}", b"<html>"]
    {
        let mut sources = right();
        sources.reports.insert("swarm", Source::Bytes(content.to_vec()));
        sources.host = Source::Bytes(content.to_vec());
        sources.bridge = Source::Unreadable("cannot be read: it is larger than 4194304 bytes".into());
        let host = Host::new(&sources, now());
        assert_eq!((host.pieces[0].word, host.pieces[0].condition), ("unreadable", Condition::Bad));
        assert_eq!(host.pieces[1].word, "unchanged");
        let told: Vec<&str> = whats(&host).into_iter().map(|(_, what)| what).collect();
        assert!(told.contains(&"The report of converge-swarm cannot be read"), "{told:?}");
        assert!(told.contains(&"The state of the bridge cannot be read"), "{told:?}");
        let has_units = content.starts_with(b"{\"schema\": 1,");
        assert_eq!(told.contains(&"The states of the units cannot be read"), !has_units, "{told:?}");
    }
}

#[test]
fn a_time_in_the_future_has_no_negative_age() {
    let mut sources = right();
    let ahead = json!({ "started": "2999-01-01T00:00:00Z", "finished": "2999-01-01T00:00:02Z", "seconds": -7 });
    sources.reports.insert("drone", report("drone", &ahead));
    sources.bridge = bytes(&json!({ "schema": 1, "now": "2999-01-01T00:00:00Z" }));
    let host = Host::new(&sources, now());
    assert_eq!(
        whats(&host),
        [(Condition::Warning, "The report of converge-drone is from the future: a clock is wrong")]
    );
    assert_eq!(host.pieces[2].when.as_ref().unwrap().age, "now");
    assert_eq!(host.pieces[2].took, None);
}

#[test]
fn nothing_private_is_on_the_public_page() {
    let mut sources = right();
    let secret = "canary https://git.example.org/<script>";
    let warning = json!({ "message": secret, "hint": secret });
    let every = json!({
        "outcome": "failed", "status": secret, "error": { "message": secret, "causes": [secret], "hint": secret },
        "changes": [{ "change": secret, "result": "done" }, { "change": "x", "result": secret }],
        "waits": [{ "for": secret, "seen": secret }],
        "drift": [{ "object": secret, "reason": secret, "commands": [secret] }],
        "blocked": [{ "object": secret, "reason": secret, "hint": secret }],
        "facts": [{ "name": secret, "value": secret, "warning": warning }, { "name": "held_release", "value": { "tag": secret },
            "warning": warning }, { "name": "image", "value": secret }, { "name": "x_version", "value": secret },
            { "name": "service", "value": { "name": secret, "wanted": 1, "running": 1 } },
            { "name": "runner", "value": { "unit": secret } }, { "name": "certificate_expires", "value": { "time": secret } },
            { "name": "other", "value": 1, "warning": warning }],
    });
    sources.reports.insert("swarm", report("swarm", &every));
    let mut odd = unit("made-up.service", "failed", "failed");
    for key in ["status", "load_error", "result"] {
        odd[key] = secret.into();
    }
    odd["missing_credentials"] = json!([secret]);
    sources.host = units(&[odd, unit(secret, "active", "running"), unit("x.service", secret, "running")]);
    sources.bridge =
        bytes(&json!({ "schema": 1, "problems": { "poll org:private": secret }, "notes": { secret: secret } }));
    let host = Host::new(&sources, now());
    assert!(format!("{host:?}").contains("canary"), "the texts are there for those with the password");
    let host = host.for_everybody();
    assert!(!host.is_private);
    let page = format!("{host:?}").replace("is_private", "");
    assert!(!page.contains("canary") && !page.contains("private"), "{page}");
    assert_eq!(host.problems[0].places, ["/run/converge/swarm.json", "journalctl -u converge-swarm.service"]);
}
