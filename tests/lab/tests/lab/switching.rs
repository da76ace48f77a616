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

fn shown(lab: &Lab, property: &str, unit: &str) -> String {
    lab.exec(&["systemctl", "show", "--value", "--property", property, unit]).unwrap().text().unwrap()
}

/// A configuration with one more unit, wanted by multi-user.target.
fn with_unit(configuration: Configuration, name: &str, text: &str) -> Configuration {
    let mut configuration = configuration.with_file(&format!("{UNITS}{name}"), text);
    configuration.links.insert(format!("{UNITS}multi-user.target.wants/{name}"), format!("../{name}"));
    configuration
}

#[test]
fn changed_units_go_on_restart_or_loop_as_on_nixos() {
    let Some(lab) = machine("test-switch-kinds") else { return };
    let runner = |word: &str| format!("[Service]\nX-RestartIfChanged=false\nExecStart=/bin/sleep {word}\n");
    let timer = |span: &str| format!("[Timer]\nUnit=one.service\nOnActiveSec={span}\n");
    let made = |word: &str, span: &str| {
        let made = with_unit(base("a"), "runner.service", &runner(word));
        with_unit(made, "again.timer", &timer(span))
    };
    lab.switch(&made("1000", "1h")).unwrap().ok().unwrap();
    let (process, docker) = (shown(&lab, "MainPID", "runner.service"), shown(&lab, "MainPID", "docker.service"));

    let changed = made("2000", "2h").with_file("/etc/docker/daemon.json", "{\"log-level\": \"warn\"}");
    let done = lab.switch(&changed).unwrap().ok().unwrap();
    assert_eq!(done.not_restarted, ["runner.service"]);
    assert_eq!(shown(&lab, "MainPID", "runner.service"), process, "the old program goes on");
    assert_eq!(done.restarted, ["again.timer"]);
    assert!(shown(&lab, "TimersMonotonic", "again.timer").contains("2h"));
    // multi-user.target starts the service again.
    assert_eq!(done.stopped, ["converge.target", "docker.service", "docker.socket"]);
    assert!(done.started.contains(&"docker.socket".to_owned()) && !done.started.contains(&"docker.service".to_owned()));
    assert_eq!(shown(&lab, "ActiveState", "docker.service"), "active");
    assert_ne!(shown(&lab, "MainPID", "docker.service"), docker);

    let looping = "[Service]\nExecStart=/bin/false\nRestart=always\nRestartSec=1h\n";
    let bad = lab.switch(&with_unit(changed.clone(), "loops.service", looping)).unwrap();
    assert_eq!(bad.failed, ["loops.service"]);
    assert_eq!(bad.ok().unwrap_err().exit_code(), 4);
    let dependent = "[Unit]\nRequires=fails.service\nAfter=fails.service\n[Service]\nExecStart=/bin/sleep 1000\n";
    let good = with_unit(changed, "needs.service", dependent);
    let good = with_unit(good, "fails.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n");
    lab.switch(&good).unwrap().ok().unwrap();
    let bad = good.with_file(
        &format!("{UNITS}fails.service"),
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/false\n",
    );
    assert_eq!(lab.switch(&bad).unwrap().failed, ["fails.service"]);
}
