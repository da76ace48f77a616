//! Slots, order, timeouts; kill, drain and reload of a runner; an absent server; two runners; figures.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::drone::{Build, Early};
use crate::machine::{Machine, is_optimised, memory, processor_time};

const SOON: Duration = Duration::from_secs(20);

#[test]
fn two_slots_take_six_builds_in_order_and_a_hung_one_is_freed() {
    let Some(machine) = Machine::up("runner-slots") else { return };
    machine.start("ci", |_| ());
    let builds: Vec<i64> = (0..6).map(|_| machine.drone.create(Build::commands(&["sleep 0.3"]))).collect();
    for id in &builds {
        assert_eq!(machine.drone.wait_over(*id, SOON).status, "success");
    }
    assert_eq!(machine.drone.most_at_once(), 2);
    assert_eq!(machine.drone.order(), builds);
    println!("capacity 2, 6 builds: 2 at most at once, in order");

    // Drone's smallest timeout.
    let mut hung = Build::commands(&["trap '' TERM; sleep 100000 & wait; sleep 100000"]);
    hung.timeout = 1;
    let id = machine.drone.create(hung);
    let began = Instant::now();
    let build = machine.drone.wait_over(id, Duration::from_secs(90));
    assert!((60..66).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert_eq!(build.status, "killed");
    assert!(build.error().contains("timeout of 1 min"), "{}", build.error());
    machine.nothing_left(SOON);
    machine.lab.down().unwrap();
}

#[test]
fn a_killed_runner_is_cleaned_up_after() {
    let Some(machine) = Machine::up("runner-killed") else { return };
    machine.start("ci", |_| ());
    for moment in 0..6_u64 {
        let running = machine.drone.create(Build::commands(&["setsid sleep 1000 &", "trap '' TERM; sleep 1000"]));
        if moment > 2 {
            machine.drone.wait(running, "runs", SOON, |_| !machine.step_processes().is_empty());
        } else {
            sleep(Duration::from_millis(moment * 8));
        }
        machine.systemctl(&["kill", "--signal=SIGKILL", "--kill-whom=main", "ci"]);
        let build = machine
            .drone
            .wait(running, "is over or offered again", SOON, |build| build.is_over() || build.stage["machine"] == "");
        if build.is_over() {
            assert_eq!(build.status, "error", "{build:#?}");
            assert!(build.error().contains("the runner ended"), "{}", build.error());
        } else {
            machine.drone.cancel(running);
        }
        let build = machine.drone.wait_over(running, SOON);
        assert!(build.steps.iter().all(|step| step["status"] != "running"), "{build:#?}");
        machine.nothing_left(SOON);
    }
    let after = machine.drone.create(Build::commands(&["echo again"]));
    assert_eq!(machine.drone.wait_over(after, SOON).status, "success");
    machine.lab.down().unwrap();
}

#[test]
fn a_runner_that_is_stopped_ends_what_it_has_begun() {
    let Some(machine) = Machine::up("runner-drain") else { return };
    machine.start("ci", |settings| settings["limits"]["drain_seconds"] = 4.into());

    // In time: the drain waits for the build, and no other build is accepted.
    let short = machine.drone.create(Build::commands(&["sleep 2"]));
    machine.drone.wait(short, "runs", SOON, |build| build.stage["status"] == "running");
    machine.systemctl(&["stop", "--no-block", "ci"]);
    machine.drone.wait(short, "the runner drains", SOON, |_| machine.status("ci")["state"] == "draining");
    assert!(machine.show("ci", "StatusText").starts_with("draining build 1"), "{}", machine.show("ci", "StatusText"));
    let later = machine.drone.create(Build::commands(&["echo later"]));
    assert_eq!(machine.drone.wait_over(short, SOON).status, "success");
    assert_eq!(machine.drone.build(later).stage["machine"], "");
    machine.drone.wait(short, "the runner ends", SOON, |_| machine.show("ci", "ActiveState") == "inactive");
    machine.systemctl(&["start", "ci"]);
    assert_eq!(machine.drone.wait_over(later, SOON).status, "success");

    // Not in time: the build is killed and reported.
    let long = machine.drone.create(Build::commands(&["trap '' TERM; sleep 1000"]));
    machine.drone.wait(long, "runs", SOON, |_| !machine.step_processes().is_empty());
    machine.systemctl(&["stop", "ci"]);
    let build = machine.drone.build(long);
    assert_eq!(build.status, "error", "the server's fault: {build:#?}");
    assert!(build.error().contains("stopped with the runner"), "{}", build.error());
    assert_eq!(machine.show("ci", "Result"), "success");
    machine.nothing_left(SOON);
    machine.lab.down().unwrap();
}

#[test]
fn a_server_that_is_gone_keeps_no_step_waiting() {
    let Some(machine) = Machine::up("runner-gone-server") else { return };
    machine.start("ci", |_| ());
    let id = machine.drone.create(Build::of(
        "kind: pipeline\ntype: exec\nclone: {disable: true}\nsteps:\n- {name: a, commands: [sleep 1; echo one]}\n- {name: b, \
         commands: [echo two; touch /tmp/two]}\n",
    ));
    machine.drone.wait(id, "runs", SOON, |_| !machine.step_processes().is_empty());
    machine.drone.set_down(true);
    machine.drone.wait(id, "goes on without", SOON, |_| machine.lab.exec(&["test", "-e", "/tmp/two"]).unwrap().ok());
    machine.drone.wait(id, "says so", SOON, |_| machine.show("ci", "StatusText").contains("502"));
    machine.drone.set_down(false);
    let build = machine.drone.wait_over(id, Duration::from_mins(1));
    assert_eq!(build.status, "success", "{build:#?}");
    assert!(build.log_of(1).contains("one\n") && build.log_of(2).contains("two\n"), "{build:#?}");
    machine.nothing_left(SOON);

    // The next runner reports a build that had ended before the kill, unchanged.
    let id = machine.drone.create(Build::commands(&["echo before", "sleep 1", "touch /tmp/three; exit 5"]));
    machine.drone.wait(id, "runs", SOON, |build| build.live.values().any(|live| live.contains("\nbefore\n")));
    machine.drone.set_down(true);
    machine.drone.wait(id, "has ended", SOON, |_| {
        machine.lab.exec(&["test", "-e", "/tmp/three"]).unwrap().ok() && machine.step_processes().is_empty()
    });
    machine.drone.wait(id, "is known to have", SOON, |_| machine.journal().contains("build 2 recipes/ci: failure"));
    machine.systemctl(&["kill", "--signal=SIGKILL", "--kill-whom=main", "ci"]);
    machine.drone.set_down(false);
    let build = machine.drone.wait_over(id, Duration::from_mins(1));
    assert_eq!((build.status.as_str(), build.stage["exit_code"].as_i64()), ("failure", Some(5)), "{build:#?}");
    assert!(build.log_of(1).contains("\nbefore\n"), "{build:#?}");
    machine.nothing_left(SOON);

    // A wrong secret is reported; the right one is used as soon as it is there.
    machine.lab.write_file("/run/secrets/rpc-secret", b"wrong-secret-wrong-secret", 0o400).unwrap();
    machine.systemctl(&["restart", "ci"]);
    machine
        .drone
        .wait(id, "says so", SOON, |_| machine.show("ci", "StatusText").contains("does not take this runner's secret"));
    machine.lab.down().unwrap();
}

#[test]
fn a_proxys_answer_ends_no_report_over_a_restart() {
    let Some(machine) = Machine::up("runner-no-route") else { return };
    machine.start("ci", |settings| settings["capacity"] = 1.into());
    let id = machine.drone.create(Build::commands(&["sleep 1", "exit 5"]));
    machine.drone.wait(id, "runs", SOON, |build| build.stage["status"] == "running");
    let says = |text: &str| machine.drone.wait(id, text, SOON, |_| machine.show("ci", "StatusText").contains(text));
    machine.drone.answer_instead(Some((404, "404 page not found\n")));
    says("ends not reported yet: 1");
    let killed = machine.show("ci", "MainPID");
    machine.drone.answer_instead(Some((200, "<!doctype html><title>Welcome</title>")));
    machine.systemctl(&["kill", "--signal=SIGKILL", "--kill-whom=main", "ci"]);
    // systemd shows the status line of the killed process until the next one has its own.
    machine
        .drone
        .wait(id, "another process", SOON, |_| ![killed.as_str(), "0"].contains(&&*machine.show("ci", "MainPID")));
    machine.drone.wait(id, "unreported in the status file", SOON, |_| {
        machine.status("ci")["unreported"] == serde_json::json!([id])
    });
    // A stop does not wait for an end that nothing takes.
    machine.systemctl(&["restart", "ci"]);
    says("ends not reported yet: 1");
    machine.drone.answer_instead(None);
    let build = machine.drone.wait_over(id, Duration::from_mins(1));
    assert_eq!((build.status.as_str(), build.stage["exit_code"].as_i64()), ("failure", Some(5)), "{build:#?}");
    let next = machine.drone.create(Build::commands(&["echo next"]));
    assert_eq!(machine.drone.wait_over(next, SOON).status, "success");
    machine.nothing_left(SOON);
    machine.lab.down().unwrap();
}

#[test]
fn a_stage_is_read_while_its_acceptance_is_under_way() {
    let Some(machine) = Machine::up("runner-early") else { return };
    machine.start("ci", |_| ());
    for early in [Early::Awaited, Early::Refused, Early::Answered] {
        machine.drone.set_early(early);
        let id = machine.drone.create(Build::commands(&["echo once"]));
        let build = machine.drone.wait_over(id, SOON);
        assert_eq!(
            (build.status.as_str(), build.log_of(1)),
            ("success", "+ echo once\nonce\n"),
            "{early:?}: {build:#?}"
        );
    }
    machine.nothing_left(SOON);
    machine.lab.down().unwrap();
}

#[test]
fn two_runners_share_a_queue() {
    let Some(machine) = Machine::up("runner-two") else { return };
    machine.start("ci", |_| ());
    // Without a name a runner has that of its machine.
    machine.start("ci-2", |settings| settings["name"] = serde_json::Value::Null);
    let builds: Vec<i64> = (0..40).map(|_| machine.drone.create(Build::commands(&["echo once"]))).collect();
    let mut machines = std::collections::BTreeMap::<String, usize>::new();
    for id in builds {
        let build = machine.drone.wait_over(id, Duration::from_mins(1));
        assert_eq!((build.status.as_str(), build.accepted.len()), ("success", 1), "{build:#?}");
        assert_eq!(build.log_of(1), "+ echo once\nonce\n");
        *machines.entry(build.accepted[0].clone()).or_default() += 1;
    }
    println!("two runners, 40 builds, each run once: {machines:?}");
    assert_eq!(machines.into_keys().collect::<Vec<_>>(), ["ci", "lab"]);
    machine.nothing_left(SOON);
    machine.lab.down().unwrap();
}

#[test]
fn a_reload_holds_for_the_builds_to_come() {
    let Some(machine) = Machine::up("runner-reload") else { return };
    machine.start("ci", |settings| settings["capacity"] = 1.into());
    let before = machine.status("ci")["configuration_hash"].clone();
    let first = machine.drone.create(Build::commands(&["sleep 8"]));
    machine.drone.wait(first, "runs", SOON, |build| build.stage["status"] == "running");
    machine.configure("ci", |settings| settings["capacity"] = 2.into());
    machine.systemctl(&["reload", "ci"]);
    let second = machine.drone.create(Build::commands(&["echo beside"]));
    assert_eq!(machine.drone.wait_over(second, SOON).status, "success");
    assert_eq!(machine.drone.build(first).status, "running");
    machine.drone.wait(first, "the slots", SOON, |_| machine.status("ci")["slots"] == 2);
    assert_ne!(machine.status("ci")["configuration_hash"], before);

    // An invalid configuration changes nothing.
    machine.lab.write_file("/etc/converge/ci.json", b"{}", 0o644).unwrap();
    machine.systemctl(&["reload", "ci"]);
    assert_eq!(machine.drone.wait_over(first, SOON).status, "success");
    let metrics = ["curl", "-s", "--unix-socket", "/run/ci/metrics.sock", "http://runner/metrics"];
    // A stage counts once Drone has accepted its end.
    machine.drone.wait(first, "that both are counted", SOON, |_| {
        let metrics = machine.lab.exec(&metrics).unwrap();
        !metrics.ok() || metrics.stdout.contains("drone_runner_stages_total{status=\"success\"} 2\n")
    });
    machine.lab.down().unwrap();
}

#[test]
fn systemd_may_execute_itself_anew() {
    let Some(machine) = Machine::up("runner-reexec") else { return };
    machine.start("ci", |_| ());
    let fails = machine.drone.create(Build::commands(&["sleep 2", "exit 4"]));
    let long = machine.drone.create(Build::commands(&["trap '' TERM; echo ready; sleep 1000 & wait; sleep 1000"]));
    machine.drone.wait(long, "runs", SOON, |build| build.live.values().any(|live| live.contains("\nready\n")));
    let pid = machine.pid("ci");
    for _ in 0..3 {
        machine.systemctl(&["daemon-reexec"]);
        machine.systemctl(&["daemon-reload"]);
    }
    let build = machine.drone.wait_over(fails, SOON);
    assert_eq!((build.status.as_str(), build.stage["exit_code"].as_i64()), ("failure", Some(4)), "{build:#?}");
    machine.drone.cancel(long);
    machine.until_no_process(SOON);
    machine.nothing_left(SOON);
    assert_eq!(machine.pid("ci"), pid, "the runner has not been restarted");
    machine.lab.down().unwrap();
}

#[test]
fn figures() {
    let Some(machine) = Machine::up("runner-figures") else { return };
    machine.start("ci", |_| ());
    let pid = machine.pid("ci");
    let mut begun = Vec::new();
    let mut taken: Vec<f64> = (0..30)
        .map(|_| {
            let id = machine.drone.create(Build::commands(&["date +%s%N"]));
            let build = machine.drone.wait_over(id, SOON);
            let stamp = build.log_of(1).lines().find_map(|line| line.parse::<u128>().ok());
            let first = stamp.unwrap_or_else(|| panic!("{build:#?}")) / 1000;
            begun.push(build.begun.saturating_sub(build.created) as f64 / 1000.0);
            first.saturating_sub(build.created) as f64 / 1000.0
        })
        .collect();
    taken.sort_by(f64::total_cmp);
    begun.sort_by(f64::total_cmp);
    println!(
        "created to first command: median {:.1} ms of 30 ({:.1} to {:.1}), of these {:.1} ms until the stage is begun",
        taken[15], taken[0], taken[29], begun[15]
    );
    assert!(taken[15] <= if is_optimised() { 40.0 } else { 400.0 }, "{taken:?}");

    let (used, since) = (processor_time(pid), Instant::now());
    // Not a wait for a condition: the time of the measurement.
    sleep(Duration::from_secs(30));
    let share = processor_time(pid).saturating_sub(used).as_secs_f64() / since.elapsed().as_secs_f64();
    let (now, _) = memory(pid);
    println!("idle: {:.1} MiB resident, {:.2} % CPU over 30 s", now as f64 / 1024.0, share * 100.0);
    assert!(share <= 0.001, "{share}");
    assert!(now <= if is_optimised() { 12 * 1024 } else { 48 * 1024 }, "{now} KiB");
    machine.lab.down().unwrap();
}
