//! A secret is only where it belongs.

use crate::{expect, machine, sh};

/// Records argv and environment of every process during a command.
const WATCH: &str = "\
    ( while test ! -e /tmp/watched; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; done \
      | sort -u > /tmp/seen ) & \
    docker service rm traefik_ci_localhost_app >/dev/null; \
    systemctl restart converge-traefik.service; code=$?; touch /tmp/watched; wait; exit $code";

#[test]
fn key_and_certificate_are_in_no_journal_argv_environment_report_or_plan() {
    let Some(lab) = machine("system-secrecy", |_| ()) else { return };
    expect(&lab, "changed");
    let canary = |file: &str| {
        let text = lab.read_file(&format!("/run/secrets/{file}")).unwrap();
        text.lines().nth(1).unwrap()[8..40].to_owned()
    };
    let canaries = [canary("privkey"), canary("fullchain")];
    assert!(lab.exec(&["sh", "-c", WATCH]).unwrap().ok());
    let places = [
        ("journal", sh(&lab, "journalctl --no-pager --output=verbose --all")),
        ("argv and environment", sh(&lab, "cat /tmp/seen")),
        ("reports", sh(&lab, "cat /run/converge/*.json")),
        ("plan", sh(&lab, "converge traefik --plan --format json")),
        (
            "Swarm",
            sh(&lab, "docker secret inspect $(docker secret ls -q); docker service inspect $(docker service ls -q)"),
        ),
        ("state", sh(&lab, "cd /var/lib/converge && find . -type f -not -path '*/.git/*' -exec cat {} +")),
    ];
    for (place, text) in places {
        assert!(!text.is_empty(), "there is something to look through in {place}");
        for canary in &canaries {
            assert!(!text.contains(canary.as_str()), "a secret is in {place}");
        }
    }
    lab.down().unwrap();
}
