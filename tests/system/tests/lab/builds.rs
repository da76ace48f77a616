//! Builds under a server that changes: Drone is told the end of each, with the right verdict, and the next comment's build
//! runs.

use lab::Lab;
use serde_json::Value;
use system::{DRONE, Drone, Pull, Web, report};

use crate::{change_by_hand, expect, machine, restart, sh, switch_with};

/// A pipeline whose step waits for a file, or for the end of Docker if a parameter says so.
const WAITS: &str = "\
kind: pipeline
type: exec
name: recipe
clone:
  disable: true
steps:
  - name: wait
    commands:
      - if test -n \"$NEEDS_DOCKER\"; then docker events >/dev/null 2>&1 || true; echo \"Docker is gone\"; exit 3; fi
      - while ! test -e /srv/builds/go-on; do sleep 0.1; done
";

/// A machine with that pipeline.
struct Scene<'a> {
    lab: &'a Lab,
    drone: Drone<'a>,
    pull: Pull,
}

impl<'a> Scene<'a> {
    fn new(lab: &'a Lab, web: &'a Web) -> Self {
        expect(lab, "changed");
        lab.gitea().unwrap().write_file("recipes/ci", ".drone.yml", WAITS).unwrap();
        Self { lab, drone: Drone::new(lab, web).unwrap(), pull: Pull::of_hello(lab).unwrap() }
    }

    /// Creates a build, and waits until its step runs.
    fn begin(&self, parameters: &[(&str, &str)]) -> u64 {
        let number = self.drone.build(&[&[("RECIPE", "hello")], parameters].concat()).unwrap();
        self.drone.until_step(number, 1, 1).unwrap();
        number
    }

    fn go_on(&self) {
        sh(self.lab, "touch /srv/builds/go-on");
    }

    /// Waits for the end of a build, and asserts its status: no step runs any more.
    fn ends(&self, number: u64, status: &str) -> Value {
        let build = self.drone.ended(number).unwrap();
        assert_eq!(build["status"], status, "{build:#}");
        assert_eq!(build["stages"][0]["status"], status, "{build:#}");
        assert!(!matches!(build["stages"][0]["steps"][0]["status"].as_str(), Some("pending" | "running")), "{build:#}");
        build
    }

    /// The next comment becomes a build, which runs.
    fn next_comment_runs(&self) {
        self.go_on();
        let trigger = self.pull.comment_as_member("!testme").unwrap();
        let number =
            self.drone.build_of(trigger, std::time::Duration::from_mins(1)).unwrap()["number"].as_u64().unwrap();
        self.ends(number, "success");
        sh(self.lab, "rm /srv/builds/go-on");
    }
}

/// Waits until the status line of the runner contains a text.
fn runner_says(lab: &Lab, text: &str) {
    let wait = format!(
        "for i in $(seq 600); do systemctl show --property=StatusText --value drone-runner.service | grep -qF '{text}' && exit 0; \
         sleep 0.1; done; systemctl status drone-runner.service; exit 1"
    );
    sh(lab, &wait);
}

#[test]
fn each_build_ends_in_drone_whatever_happens_to_the_server() {
    let Some(lab) = machine("system-builds", |_| ()) else { return };
    let web = Web::new(&lab).unwrap();
    let scene = Scene::new(&lab, &web);

    // A switch with other settings of Docker, which on NixOS are part of docker.service.
    let number = scene.begin(&[("NEEDS_DOCKER", "yes")]);
    let switched = switch_with(&lab, "{ virtualisation.docker.daemon.settings.log-level = \"warn\"; }");
    assert!(switched.failed.is_empty(), "{switched:?}");
    let build = scene.ends(number, "failure");
    assert_eq!(build["stages"][0]["exit_code"], 3, "{build:#}");
    assert!(scene.drone.log(number, 1, 1).unwrap().contains("Docker is gone\n"));
    scene.next_comment_runs();

    // Drone alone is replaced: meanwhile Traefik has no route to it.
    let number = scene.begin(&[]);
    change_by_hand(&lab, &format!("docker service scale --detach {DRONE}=0"));
    lab::wait_until("Drone to be gone", std::time::Duration::from_mins(1), || {
        Ok(match web.ask(reqwest::Method::GET, "drone", "/healthz", "") {
            Ok(page) if page.status == 404 => lab::Seen::Yes(()),
            other => lab::Seen::NotYet(format!("{other:?}")),
        })
    })
    .unwrap();
    scene.go_on();
    runner_says(&lab, "ends not reported yet: 1");
    // The next runner still has it.
    assert!(restart(&lab, "drone-runner.service"));
    runner_says(&lab, "ends not reported yet: 1");
    change_by_hand(&lab, &format!("docker service scale --detach {DRONE}=1"));
    scene.ends(number, "success");
    scene.next_comment_runs();

    // The machine is restarted: the server's fault, not the recipe's.
    let number = scene.begin(&[]);
    lab.reboot().unwrap();
    scene.ends(number, "error");
    scene.next_comment_runs();

    // The runner is killed.
    let number = scene.begin(&[]);
    sh(&lab, "systemctl kill --signal=KILL --kill-whom=main drone-runner.service");
    scene.ends(number, "error");
    scene.next_comment_runs();

    // The runner is killed, and its directory is lost: converge-drone finds the stage in Drone's queue.
    let number = scene.begin(&[]);
    sh(&lab, "systemctl kill --signal=KILL --kill-whom=main drone-runner.service; rm -r /var/lib/drone-runner");
    runner_says(&lab, "idle");
    assert!(restart(&lab, "converge-drone.service"));
    let said = report(&lab, "drone").unwrap();
    assert!(said.changes().iter().any(|change| change.starts_with("end stage ")), "{said:?}");
    scene.ends(number, "error");
    assert!(restart(&lab, "converge-drone.service"));
    assert_eq!(report(&lab, "drone").unwrap().outcome(), "unchanged");
    scene.next_comment_runs();
    lab.down().unwrap();
}

#[test]
fn a_runner_whose_program_changed_is_replaced_once_its_builds_have_ended() {
    let Some(lab) = machine("system-builds-program", |_| ()) else { return };
    let web = Web::new(&lab).unwrap();
    let scene = Scene::new(&lab, &web);
    let number = scene.begin(&[]);
    let old = sh(&lab, "systemctl show --property=MainPID --value drone-runner.service");
    sh(&lab, &format!("cp /proc/{old}/exe /srv/drone-runner-next"));
    let next = "{ lib, ... }: { systemd.services.drone-runner.serviceConfig.ExecStart = lib.mkForce \"/srv/drone-runner-next\"; }";
    let switched = switch_with(&lab, next);
    assert!(switched.failed.is_empty(), "{switched:?}");
    assert!(report(&lab, "drone").unwrap().text().contains("restart drone-runner.service once its builds have ended"));
    assert_eq!(scene.drone.state(number).unwrap()["status"], "running");
    scene.go_on();
    scene.ends(number, "success");
    sh(
        &lab,
        "for i in $(seq 300); do readlink /proc/$(systemctl show --property=MainPID --value drone-runner.service)/exe | \
        grep -qx /srv/drone-runner-next && exit 0; sleep 0.1; done; systemctl status drone-runner.service; exit 1",
    );
    runner_says(&lab, "idle");
    assert!(restart(&lab, "converge-drone.service"));
    assert_eq!(report(&lab, "drone").unwrap().outcome(), "unchanged");
    scene.next_comment_runs();
    lab.down().unwrap();
}
