//! A switch has the same effects on real units as NixOS's own.

use lab::{Configuration, Lab};

use crate::machine;

const UNITS: &str = "/etc/systemd/system/";

/// A oneshot of the convergers' kind, whose text contains the word that it appends to /run/ran.
fn base(text: &str) -> Configuration {
    let target = "[Unit]\nX-StopOnReconfiguration=true\n";
    let unit = format!(
        "[Unit]\nPartOf=converge.target\n[Service]\nType=oneshot\nRemainAfterExit=yes\n\
         ExecStart=/bin/sh -c 'echo {text} >> /run/ran; test {text} != bad'\n"
    );
    let mut configuration = Configuration::default()
        .with_file(&format!("{UNITS}converge.target"), target)
        .with_file(&format!("{UNITS}one.service"), &unit);
    for (by, unit) in [("multi-user.target", "converge.target"), ("converge.target", "one.service")] {
        configuration.links.insert(format!("{UNITS}{by}.wants/{unit}"), format!("../{unit}"));
    }
    configuration
}

fn ran(lab: &Lab) -> Vec<String> {
    let text = lab.read_file("/run/ran").unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn units_rerun_restart_fail_and_go() {
    let Some(lab) = machine("test-switch") else { return };
    let first = lab.switch(&base("a")).unwrap().ok().unwrap();
    assert_eq!(first.files.len(), 2);
    assert_eq!(ran(&lab), ["a"]);

    let again = lab.switch(&base("a")).unwrap().ok().unwrap();
    assert!(again.files.is_empty());
    assert_eq!(again.stopped, ["converge.target"]);
    assert_eq!(ran(&lab), ["a", "a"], "nothing changed, and it reran");

    lab.switch(&base("b")).unwrap().ok().unwrap();
    assert_eq!(ran(&lab), ["a", "a", "b"], "changed, it ran once");

    let bad = lab.switch(&base("bad")).unwrap();
    assert_eq!(bad.failed, ["one.service"]);
    assert!(bad.status.contains("one.service"));
    let error = bad.ok().unwrap_err();
    assert_eq!(error.exit_code(), 4);
    assert!(error.hint().unwrap().contains("journalctl -b -u one.service"));

    lab.switch(&base("c")).unwrap().ok().unwrap();
    lab.reboot().unwrap();
    assert_eq!(ran(&lab), ["c"], "it runs at boot");

    let mut without = base("c");
    without.files.remove(&format!("{UNITS}one.service"));
    without.links.remove(&format!("{UNITS}converge.target.wants/one.service"));
    assert!(lab.switch(&without).unwrap().ok().unwrap().stopped.contains(&"one.service".to_owned()));
    let shown = lab.exec(&["systemctl", "show", "--property=LoadState", "one.service"]).unwrap().text().unwrap();
    assert_eq!(shown, "LoadState=not-found");
}
