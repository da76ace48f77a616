//! Builds under a server that changes: Drone is told the end of each, with the right verdict, and the next comment's build
//! runs.

use std::cell::Cell;

use lab::Lab;
use serde_json::Value;
use system::{DRONE, Drone, Pull, Web, pipeline, report, runner_status, until_runner_is, until_runner_says};

use crate::{change_by_hand, expect, machine, restart, sh, switch_with};

/// Commands that wait for a file, or for the end of Docker if a parameter says so.
const WAITS: [&str; 2] = [
    r#"if test -n "$NEEDS_DOCKER"; then docker events >/dev/null 2>&1 || true; echo "Docker is gone"; exit 3; fi"#,
    "while ! test -e /srv/builds/go-on; do sleep 0.1; done",
];

/// A machine with that pipeline.
struct Scene<'a> {
    lab: &'a Lab,
    drone: Drone<'a>,
    pull: Pull,
    /// The present part of the test, for a failure.
    story: Cell<&'static str>,
}

impl<'a> Scene<'a> {
    fn new(lab: &'a Lab, web: &'a Web) -> Self {
        expect(lab, "changed");
        lab.gitea().unwrap().write_file("recipes/ci", ".drone.yml", &pipeline("wait", &WAITS)).unwrap();
        let (drone, pull) = (Drone::new(lab, web).unwrap(), Pull::of_hello(lab).unwrap());
        Self { lab, drone, pull, story: Cell::new("the first build") }
    }

    /// Fails the test with the story, the newest build and the runner's status.
    fn fail(&self, seen: &str) -> ! {
        let newest = || {
            let number = self.drone.builds()?.first().and_then(|build| build["number"].as_u64()).unwrap_or_default();
            self.drone.state(number)
        };
        let build = newest().map_or_else(|error| format!("{error:?}"), |build| format!("{build:#}"));
        panic!("{}: {seen}\nthe newest build: {build}\n{}", self.story.get(), runner_status(self.lab));
    }

    /// The value of a call that must succeed.
    fn get<T>(&self, result: system::Result<T>) -> T {
        result.unwrap_or_else(|error| self.fail(&format!("{error}\n{error:?}")))
    }

    fn assert(&self, holds: bool, seen: &str) {
        if !holds {
            self.fail(seen);
        }
    }

    /// Begins a part of the test: creates a build, and waits until its step runs.
    fn begin(&self, story: &'static str, parameters: &[(&str, &str)]) -> u64 {
        self.story.set(story);
        let number = self.get(self.drone.build(&[&[("RECIPE", "hello")], parameters].concat()));
        self.get(self.drone.until_step(number, 1, 1));
        number
    }

    fn runner_says(&self, text: &str) {
        self.get(until_runner_says(self.lab, text));
    }

    fn go_on(&self) {
        sh(self.lab, "touch /srv/builds/go-on");
    }

    /// Waits for the end of a build, and asserts its status: no step runs any more.
    fn ends(&self, number: u64, status: &str) -> Value {
        let build = self.get(self.drone.ended(number));
        let (stage, step) = (&build["stages"][0], &build["stages"][0]["steps"][0]);
        let has_ended = !matches!(step["status"].as_str(), Some("pending" | "running"));
        let is_right = build["status"] == status && stage["status"] == status && has_ended;
        self.assert(is_right, &format!("build {number} did not end with {status}: {build:#}"));
        build
    }

    /// The next comment becomes a build, which runs.
    fn next_comment_runs(&self) {
        self.go_on();
        let trigger = self.get(self.pull.comment_as_member("!testme"));
        let build = self.get(self.drone.build_of(trigger, std::time::Duration::from_mins(1)));
        let number = build["number"].as_u64().unwrap();
        self.ends(number, "success");
        sh(self.lab, "rm /srv/builds/go-on");
    }
}

#[test]
fn each_build_ends_in_drone_whatever_happens_to_the_server() {
    let Some(lab) = machine("system-builds", |_| ()) else { return };
    let web = Web::new(&lab).unwrap();
    let scene = Scene::new(&lab, &web);

    // A switch with other settings of Docker, which on NixOS are part of docker.service.
    let number = scene.begin("a switch with other settings of Docker", &[("NEEDS_DOCKER", "yes")]);
    let switched = switch_with(&lab, "{ virtualisation.docker.daemon.settings.log-level = \"warn\"; }");
    scene.assert(switched.failed.is_empty(), &format!("{switched:?}"));
    let build = scene.ends(number, "failure");
    scene.assert(build["stages"][0]["exit_code"] == 3, &format!("the exit code is not 3: {build:#}"));
    let log = scene.get(scene.drone.log(number, 1, 1));
    scene.assert(log.contains("Docker is gone\n"), &log);
    scene.next_comment_runs();

    // Drone alone is replaced: meanwhile Traefik has no route to it.
    let number = scene.begin("Drone is gone while a build ends", &[]);
    change_by_hand(&lab, &format!("docker service scale --detach {DRONE}=0"));
    lab::wait_until("Drone to be gone", std::time::Duration::from_mins(1), || {
        Ok(match web.ask(reqwest::Method::GET, "drone", "/healthz", "") {
            Ok(page) if page.status == 404 => lab::Seen::Yes(()),
            other => lab::Seen::NotYet(format!("{other:?}")),
        })
    })
    .unwrap();
    scene.go_on();
    scene.runner_says("ends not reported yet: 1");
    // The next runner still has it.
    scene.assert(restart(&lab, "drone-runner.service"), "drone-runner.service does not start");
    scene.runner_says("ends not reported yet: 1");
    change_by_hand(&lab, &format!("docker service scale --detach {DRONE}=1"));
    scene.ends(number, "success");
    scene.next_comment_runs();

    // The machine is restarted: the server's fault, not the recipe's.
    let number = scene.begin("a reboot of the machine", &[]);
    lab.reboot().unwrap();
    scene.ends(number, "error");
    scene.next_comment_runs();

    // The runner is killed.
    let number = scene.begin("a killed runner", &[]);
    sh(&lab, "systemctl kill --signal=KILL --kill-whom=main drone-runner.service");
    scene.ends(number, "error");
    scene.next_comment_runs();

    // The runner is killed, and its directory is lost: converge-drone finds the stage in Drone's queue.
    let number = scene.begin("a killed runner without its directory", &[]);
    sh(&lab, "systemctl kill --signal=KILL --kill-whom=main drone-runner.service; rm -r /var/lib/drone-runner");
    scene.runner_says("idle");
    scene.assert(restart(&lab, "converge-drone.service"), "converge-drone.service fails");
    let said = scene.get(report(&lab, "drone"));
    scene.assert(said.changes().iter().any(|change| change.starts_with("end stage ")), &format!("{said:?}"));
    scene.ends(number, "error");
    scene.assert(restart(&lab, "converge-drone.service"), "converge-drone.service fails");
    assert_eq!(report(&lab, "drone").unwrap().outcome(), "unchanged");
    scene.next_comment_runs();
    lab.down().unwrap();
}

#[test]
fn a_runner_whose_program_changed_is_replaced_once_its_builds_have_ended() {
    let Some(lab) = machine("system-builds-program", |_| ()) else { return };
    let web = Web::new(&lab).unwrap();
    let scene = Scene::new(&lab, &web);
    let number = scene.begin("a switch with another program of the runner", &[]);
    let old = sh(&lab, "systemctl show --property=MainPID --value drone-runner.service");
    sh(&lab, &format!("cp /proc/{old}/exe /srv/drone-runner-next"));
    let next = "{ lib, ... }: { systemd.services.drone-runner.serviceConfig.ExecStart = lib.mkForce \"/srv/drone-runner-next\"; }";
    let switched = switch_with(&lab, next);
    assert!(switched.failed.is_empty(), "{switched:?}");
    assert!(report(&lab, "drone").unwrap().text().contains("restart drone-runner.service once its builds have ended"));
    assert_eq!(scene.drone.state(number).unwrap()["status"], "running");
    scene.go_on();
    scene.ends(number, "success");
    scene.get(until_runner_is(&lab, "/srv/drone-runner-next"));
    scene.runner_says("idle");
    scene.assert(restart(&lab, "converge-drone.service"), "converge-drone.service fails");
    assert_eq!(report(&lab, "drone").unwrap().outcome(), "unchanged");
    scene.next_comment_runs();
    lab.down().unwrap();
}
