//! Scenarios on the lab, each on a machine of its own: boot, switch, reboot, drift, outage, rotation.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod boot;
mod bridge;
mod broken;
mod builds;
mod certificate;
mod drone;
mod gitea;
mod secrecy;

use std::time::Duration;

use lab::{Configuration, Lab, Seen, Switched, UpOptions};
use system::{Hello, Web, report};

/// A machine with a name; `None`, with a line about the skipped test, if this machine cannot run labs.
fn machine(name: &str, change: impl FnOnce(&mut UpOptions)) -> Option<Lab> {
    if !lab::root_file_system().is_dir() {
        println!("skipped: {name}: the lab's root file system is not there; `make setup` makes it");
        return None;
    }
    let mut options = UpOptions { replace: true, ..UpOptions::named(name) };
    change(&mut options);
    Some(Lab::up(&options).expect("the lab boots"))
}

/// A converged machine with an app.
fn machine_with_hello(name: &str) -> Option<(Lab, Hello, Web)> {
    let lab = machine(name, |_| ())?;
    expect(&lab, "changed");
    let hello = Hello::deploy(&lab, "hello").expect("hello is deployed");
    let web = Web::new(&lab).unwrap();
    hello.page(&web).expect("hello answers over HTTPS with the wildcard certificate");
    Some((lab, hello, web))
}

/// Asserts the outcome of all pieces.
fn expect(lab: &Lab, outcome: &str) {
    for piece in system::PIECES {
        let report = report(lab, piece).unwrap();
        assert_eq!(report.outcome(), outcome, "converge-{piece}: {:#}", report.0);
    }
}

/// Causes another run of all pieces, and waits for the end of those runs.
fn run_again(lab: &Lab, cause: impl FnOnce()) {
    let runs = || system::PIECES.map(|piece| report(lab, piece).unwrap());
    let before = runs().map(|report| report.started().to_owned());
    cause();
    lab::wait_until("all pieces to run again", Duration::from_mins(2), || {
        let now = runs();
        let ran = |(now, before): (&system::Report, &String)| now.started() != before && now.outcome() != "running";
        let all = now.iter().zip(&before).all(ran);
        Ok(if all { Seen::Yes(()) } else { Seen::NotYet(format!("{now:?}")) })
    })
    .unwrap();
}

fn restart(lab: &Lab, unit: &str) -> bool {
    lab.exec(&["systemctl", "restart", unit]).unwrap().ok()
}

fn switch_with(lab: &Lab, module: &str) -> Switched {
    lab.switch(&Configuration::with_module(module).unwrap()).unwrap()
}

fn sh(lab: &Lab, script: &str) -> String {
    lab.exec(&["sh", "-c", script]).unwrap().text().unwrap()
}

/// Changes a service by a docker command. Docker reads the service and writes it; if Swarm has written in between, nothing
/// was changed, and the command is repeated, as an operator would.
fn change_by_hand(lab: &Lab, command: &str) {
    lab::wait_until(command, Duration::from_mins(1), || {
        let output = lab.exec(&["sh", "-c", command])?;
        if output.stderr.contains("update out of sequence") {
            return Ok(Seen::NotYet(output.stderr));
        }
        output.text().map(Seen::Yes)
    })
    .unwrap();
}
