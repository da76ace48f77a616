//! Drone on the lab: from a bare machine to a build, a switch during a build, an outage, an outdated runner.

use std::fmt::Write as _;

use system::{DRONE, Drone, Web, pipeline, report, swarm_indices, until_runner_says};

use crate::{expect, machine, restart, sh, switch_with};

/// Commands that write a line, wait for a file, and write another line.
const WAITS: [&str; 4] = [
    r#"echo "begun $RECIPE""#,
    "while ! test -e /srv/builds/go-on; do sleep 0.1; done",
    r#"echo "$RECIPE $REF" > "/srv/builds/$DRONE_BUILD_NUMBER""#,
    "echo ended",
];

/// Commands that print the parameters, and leave a file that outlives the build.
const SAYS: [&str; 2] =
    [r#"echo "testing $RECIPE at $REF""#, r#"echo "$RECIPE $REF" > "/srv/builds/$DRONE_BUILD_NUMBER""#];

/// Makes these commands the pipeline of the CI repository.
fn write_pipeline(lab: &lab::Lab, commands: &[&str]) {
    lab.gitea().unwrap().write_file("recipes/ci", ".drone.yml", &pipeline("step", commands)).unwrap();
}

/// The invocation id of a unit, which identifies one run.
fn invocation(lab: &lab::Lab, unit: &str) -> String {
    sh(lab, &format!("systemctl show --property=InvocationID --value {unit}"))
}

#[test]
fn from_bare_to_a_build_that_a_switch_does_not_disturb() {
    let Some(lab) = machine("system-drone", |_| ()) else { return };
    expect(&lab, "changed");
    assert!(lab.failed_units().unwrap().is_empty());
    let web = Web::new(&lab).unwrap();
    let drone = Drone::new(&lab, &web).unwrap();
    let repository = drone.repository().unwrap();
    assert_eq!((&repository["active"], &repository["trusted"]), (&true.into(), &true.into()), "{repository}");

    // A build through the API, with its live log.
    write_pipeline(&lab, &WAITS);
    let number = drone.build(&[("RECIPE", "hello"), ("REF", "abc")]).unwrap();
    drone.until_step(number, 1, 1).unwrap();
    let mut live = String::new();
    drone
        .follow(number, 1, 1, |line| {
            live.push_str(line);
            line.starts_with("begun")
        })
        .unwrap();
    assert!(live.contains("begun hello"), "{live}");

    // A switch meanwhile: no plan, no writes, the same runner, the same step.
    let before = (swarm_indices(&lab).unwrap(), invocation(&lab, "drone-runner.service"));
    let state = sh(&lab, "find /var/lib/converge -type f -not -path '*/.git/*' -printf '%p %T@\\n' | sort");
    let switched = switch_with(&lab, "{ }");
    assert!(switched.failed.is_empty(), "{switched:?}");
    expect(&lab, "unchanged");
    assert_eq!((swarm_indices(&lab).unwrap(), invocation(&lab, "drone-runner.service")), before);
    assert_eq!(sh(&lab, "find /var/lib/converge -type f -not -path '*/.git/*' -printf '%p %T@\\n' | sort"), state);
    assert_eq!(drone.state(number).unwrap()["status"], "running");
    let plan = lab.exec(&["converge", "drone", "--plan"]).unwrap();
    assert!(plan.code == 0 && plan.stdout.contains("drone: nothing to do"), "{plan:?}");

    sh(&lab, "touch /srv/builds/go-on");
    let build = drone.ended(number).unwrap();
    assert_eq!(build["status"], "success", "{build}");
    assert_eq!(build["stages"][0]["machine"], "ci", "the host's name in the configuration: {build}");
    assert_eq!(sh(&lab, &format!("cat /srv/builds/{number}")), "hello abc");
    let log = drone.log(number, 1, 1).unwrap();
    assert!(log.contains("begun hello\n") && log.contains("ended\n"), "{log}");
    assert_eq!(sh(&lab, "systemctl list-units --all --plain --no-legend 'drone-*' | wc -l"), "1", "only the runner");

    // The runner's configuration changes during a build: the build ends normally, then another runner starts.
    sh(&lab, "rm /srv/builds/go-on");
    let number = drone.build(&[("RECIPE", "hello"), ("REF", "def")]).unwrap();
    drone.until(number, "running").unwrap();
    let runner = invocation(&lab, "drone-runner.service");
    let switched = switch_with(&lab, "{ lib, ... }: { services.converge.drone.runner.maxTests = lib.mkForce 3; }");
    assert!(switched.failed.is_empty(), "{switched:?}");
    assert!(report(&lab, "drone").unwrap().text().contains("restart drone-runner.service once its builds have ended"));
    assert_eq!(drone.state(number).unwrap()["status"], "running");
    sh(&lab, "touch /srv/builds/go-on");
    assert_eq!(drone.ended(number).unwrap()["status"], "success");
    until_runner_says(&lab, "3 slots").unwrap();
    assert_ne!(invocation(&lab, "drone-runner.service"), runner);
    assert!(restart(&lab, "converge-drone.service"));
    assert_eq!(report(&lab, "drone").unwrap().outcome(), "unchanged");

    // A reboot: no changes, and builds work as before.
    lab.reboot().unwrap();
    assert!(lab.failed_units().unwrap().is_empty());
    expect(&lab, "unchanged");
    let number = drone.build(&[("RECIPE", "hello"), ("REF", "ghi")]).unwrap();
    assert_eq!(drone.ended(number).unwrap()["status"], "success");
    lab.down().unwrap();
}

#[test]
fn a_lost_drone_and_a_stopped_gitea_are_told_and_mended() {
    let Some(lab) = machine("system-drone-lost", |_| ()) else { return };
    expect(&lab, "changed");
    write_pipeline(&lab, &SAYS);
    sh(&lab, &format!("docker service rm {DRONE}; systemctl stop drone-runner.service"));
    assert!(restart(&lab, "converge-drone.service"));
    let changes = report(&lab, "drone").unwrap();
    assert_eq!(changes.outcome(), "changed", "{changes:?}");
    let web = Web::new(&lab).unwrap();
    let drone = Drone::new(&lab, &web).unwrap();
    let number = drone.build(&[("RECIPE", "hello"), ("REF", "abc")]).unwrap();
    assert_eq!(drone.ended(number).unwrap()["status"], "success");

    // Killed right after its call to systemd, before the remaining steps. (With an existing secret, systemd starts the
    // runner together with converge-drone.)
    let kill = format!(
        "docker service rm {DRONE} >/dev/null; systemctl stop drone-runner.service; rm /var/lib/converge/drone/rpc-secret; \
         systemctl restart --no-block converge-drone.service; \
         for i in $(seq 600); do systemctl is-active --quiet drone-runner.service && break; sleep 0.05; done; \
         systemctl kill --signal=KILL converge-drone.service"
    );
    sh(&lab, &kill);
    assert!(restart(&lab, "converge-drone.service"));
    assert!(!report(&lab, "drone").unwrap().text().contains("start drone-runner.service"));
    assert_eq!(sh(&lab, "systemctl is-active drone-runner.service"), "active");
    assert!(restart(&lab, "converge-drone.service"));
    assert_eq!(report(&lab, "drone").unwrap().outcome(), "unchanged");
    println!("killed after the call to systemd: 1 of 1 converged");

    // A limit below the module's default, so that the test does not wait three minutes for a Gitea that stays away.
    let impatient =
        "{ lib, ... }: { services.converge.drone.settings.limits = { wait_seconds = 5; call_seconds = 5; }; }";
    assert!(switch_with(&lab, impatient).failed.is_empty());
    sh(&lab, "systemctl stop gitea.service");
    assert!(!restart(&lab, "converge-drone.service"));
    let said = sh(&lab, "systemctl show --property=StatusText --value converge-drone.service");
    assert!(said.contains("Gitea"), "{said}");
    sh(&lab, "systemctl start gitea.service");
    assert!(restart(&lab, "converge-drone.service"));
    assert_eq!(report(&lab, "drone").unwrap().outcome(), "unchanged");
    lab.down().unwrap();
}

/// Commands that try everything to outlive their build.
const CLINGS: [&str; 4] = [
    "trap '' TERM INT HUP",
    r#"(setsid sh -c 'trap "" TERM; exec sleep 4242' &)"#,
    "nohup sleep 4243 >/dev/null 2>&1 &",
    "sleep 4244 & sleep 4245",
];

/// With Drone's own queue and API, where a cancel may come before the runner's request, or between two requests.
#[test]
fn cancelled_builds_leave_nothing_and_the_queue_goes_on_in_order() {
    let Some(lab) = machine("system-drone-cancel", |_| ()) else { return };
    expect(&lab, "changed");
    let web = Web::new(&lab).unwrap();
    let drone = Drone::new(&lab, &web).unwrap();
    write_pipeline(&lab, &CLINGS);
    let numbers: Vec<u64> = (0..12).map(|_| drone.build(&[("RECIPE", "hello")]).unwrap()).collect();
    for (place, number) in numbers.iter().enumerate() {
        match place % 3 {
            // At once: waiting, offered, or just begun.
            0 => {}
            1 => drop(drone.until(*number, "running").unwrap()),
            _ => drone.until_step(*number, 1, 1).unwrap(),
        }
        drone.cancel(*number).unwrap();
    }
    for number in &numbers {
        assert_eq!(drone.ended(*number).unwrap()["status"], "killed", "build {number}");
    }
    // Drone sets them to killed at once; the runner has two seconds.
    let gone = "for i in $(seq 50); do units=$(systemctl list-units --all --plain --no-legend 'drone-step*'); \
        test -z \"$units\" && ! cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -q 'sleep 42[4]' && exit 0; sleep 0.1; done; \
        systemctl status 'drone-*' --no-pager; exit 1";
    sh(&lab, gone);
    println!("{} builds cancelled by Drone's API, 0 processes left", numbers.len());

    // Two at a time, in order.
    write_pipeline(&lab, &["sleep 1"]);
    let numbers: Vec<u64> = (0..6).map(|_| drone.build(&[("RECIPE", "hello")]).unwrap()).collect();
    let ended: Vec<_> = numbers.iter().map(|number| drone.ended(*number).unwrap()).collect();
    let time = |build: &serde_json::Value, key: &str| build["stages"][0][key].as_i64().unwrap();
    assert!(ended.iter().all(|build| build["status"] == "success"), "{ended:#?}");
    assert!(ended.windows(2).all(|pair| time(&pair[0], "started") <= time(&pair[1], "started")), "{ended:#?}");
    let at_once = ended.iter().map(|build| {
        let begun = time(build, "started");
        // Times are in whole seconds: an end in the same second as a begin does not count.
        ended.iter().filter(|other| time(other, "started") <= begun && begun < time(other, "stopped")).count()
    });
    assert!(at_once.max().unwrap() <= 2, "{ended:#?}");
    lab.down().unwrap();
}

/// Checks, for every secret of Drone, its place and the other places where it may be.
#[test]
fn no_secret_of_drones_is_anywhere_else() {
    let Some(lab) = machine("system-drone-secrecy", |_| ()) else { return };
    expect(&lab, "changed");
    write_pipeline(&lab, &SAYS);
    let web = Web::new(&lab).unwrap();
    let drone = Drone::new(&lab, &web).unwrap();
    // All steps once more, watched: a new service, a login, a build.
    let watch = "\
        ( while test ! -e /tmp/watched; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; done \
          | sort -u > /tmp/seen ) & \
        docker service rm drone_ci_localhost_app >/dev/null; rm /var/lib/converge/drone/api-token; \
        systemctl restart converge-drone.service; code=$?; touch /tmp/watched; wait; exit $code";
    let before = lab.read_file("/var/lib/converge/drone/api-token").unwrap();
    sh(&lab, watch);
    drop(drone);
    let drone = Drone::new(&lab, &web).unwrap();
    let number = drone.build(&[("RECIPE", "hello"), ("REF", "abc")]).unwrap();
    assert_eq!(drone.ended(number).unwrap()["status"], "success");

    let read = |path: &str| lab.read_file(path).unwrap().trim().to_owned();
    let application: String = read("/var/lib/converge/drone/oauth-application");
    let client_secret = application.rsplit('"').nth(1).unwrap().to_owned();
    let secrets = [
        ("the bot's password", read("/run/secrets/gitea-password")),
        ("the RPC secret", read("/var/lib/converge/drone/rpc-secret")),
        ("the API token", read("/var/lib/converge/drone/api-token")),
        ("the first API token", before.trim().to_owned()),
        ("the client secret", client_secret),
    ];
    let mut places = vec![
        ("the journal", sh(&lab, "journalctl --no-pager --output=verbose --all")),
        ("argv or an environment", sh(&lab, "cat /tmp/seen")),
        ("a report", sh(&lab, "cat /run/converge/*.json /run/drone-runner/*.json")),
        ("a plan", sh(&lab, "converge drone --plan --format json")),
        ("a build's log", drone.log(number, 1, 1).unwrap()),
        (
            "the runner's directory",
            sh(&lab, "find /var/lib/drone-runner /srv/builds -type f -exec cat {} + || true; echo ."),
        ),
    ];
    let mut inspected =
        sh(&lab, "docker service inspect $(docker service ls -q); docker secret inspect $(docker secret ls -q)");
    write!(inspected, "{}", sh(&lab, "docker config inspect $(docker config ls -q)")).unwrap();
    places.push(("Swarm", inspected));
    places.push(("Drone's own log", sh(&lab, &format!("docker service logs {DRONE} 2>&1"))));
    places.push(("a container", sh(&lab, "docker inspect $(docker ps --all --quiet)")));
    for (secret, value) in &secrets {
        assert!(value.len() >= 16, "{secret} is `{value}`");
        for (place, text) in &places {
            assert!(!text.is_empty(), "there is something to look through in {place}");
            assert!(!text.contains(value.as_str()), "{secret} is in {place}");
        }
    }
    println!("{} secrets looked for in {} places", secrets.len(), places.len());
    lab.down().unwrap();
}
