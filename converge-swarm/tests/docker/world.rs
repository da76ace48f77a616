//! A daemon without a swarm, and the network that a run makes.

use std::path::Path;
use std::time::{Duration, Instant};

use converger_kit::{Piece, Run, ShortLimits};
use dockerd::Daemon;
use dockerd::image::Image;
use serde_json::{Value, json};

/// The world of converge-swarm.
#[derive(Debug)]
pub struct World(converger_kit::World);

converger_kit::deref_world!(World, 0);

impl Piece for World {
    const SHORT_LIMITS: ShortLimits =
        ShortLimits { run: 10, wait: 1, call: 1, lock: 1, deadline: Duration::from_secs(15) };

    fn bare(test: &str) -> Option<Self> {
        Self::with_settings(test, &json!({}))
    }

    fn configuration(&self) -> Value {
        json!({
            "advertise_address": dockerd::ADDRESS,
            "address_pools": { "pools": ["10.20.0.0/16"], "subnet_size": 24 },
            "task_history": 5,
            "networks": { "proxy": { "subnet": "10.10.0.0/16", "attachable": true } },
            "limits": { "run_seconds": 60, "wait_seconds": 2, "call_seconds": 20, "lock_seconds": 30 },
        })
    }

    fn wipe(&self) {
        // Refused when there is no swarm.
        let _ = self.daemon.try_docker(&["swarm", "leave", "--force"]);
        for network in ["proxy", "second"] {
            for id in self.network_ids(network) {
                self.daemon.docker(&["network", "rm", &id]);
            }
        }
    }

    #[track_caller]
    fn assert_state(&self) {
        let network = self.network();
        let facts = json!({
            "Driver": network["Driver"], "Scope": network["Scope"], "Attachable": network["Attachable"],
            "Subnet": network["IPAM"]["Config"][0]["Subnet"], "Labels": network["Labels"],
        });
        let declared = json!({
            "Driver": "overlay", "Scope": "swarm", "Attachable": true, "Subnet": "10.10.0.0/16",
            "Labels": { "converge.managed": "swarm" },
        });
        assert_eq!(facts, declared);
    }
}

impl World {
    /// A daemon with these settings in `daemon.json`.
    pub fn with_settings(test: &str, settings: &Value) -> Option<Self> {
        let world = Self(converger_kit::World::start_with(test, env!("CARGO_BIN_EXE_converge-swarm"), settings)?);
        world.declare(|_| ());
        Some(world)
    }

    /// The network `proxy` as Docker describes it, of which there must be one.
    #[track_caller]
    fn network(&self) -> Value {
        let ids = self.network_ids("proxy");
        assert_eq!(ids.len(), 1, "networks named proxy: {ids:?}");
        self.daemon.get(&format!("/networks/{}", ids[0])).unwrap()
    }

    /// The ids of all networks with exactly this name.
    pub fn network_ids(&self, name: &str) -> Vec<String> {
        let networks = self.daemon.get("/networks").unwrap();
        let named = networks.as_array().unwrap().iter().filter(|network| network["Name"] == name);
        named.map(|network| network["Id"].as_str().unwrap().to_owned()).collect()
    }

    /// Loads the image `idle:1`, whose containers sleep.
    pub fn load_idle(&self) {
        let archive = self.path("idle.tar");
        let image = Image::new("idle:1").with_program("/bin/sleep", Path::new("/bin/sleep")).unwrap();
        image.cmd(&["/bin/sleep", "infinity"]).write(&archive).unwrap();
        self.daemon.load(&archive);
    }

    /// Runs the commands that a report gives to an operator.
    #[track_caller]
    pub fn follow(&self, commands: &Value) {
        for command in commands.as_array().unwrap().iter().map(|command| command.as_str().unwrap()) {
            println!("  {command}");
            let mut words = command.split(' ');
            match words.next() {
                Some("docker") => {
                    self.daemon.docker(&words.collect::<Vec<_>>());
                }
                _ if command == "systemctl restart converge-swarm.service" => {
                    self.run().assert_outcome(0, "changed");
                }
                _ => panic!("unexpected command: {command}"),
            }
        }
    }
}

/// Waits until a condition holds.
#[track_caller]
pub fn until(error: &str, mut is_true: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(40);
    while !is_true() {
        assert!(Instant::now() < deadline, "{error}");
    }
}

/// Asserts that the run made no mutating call, and reported one block with this reason and hint.
#[track_caller]
pub fn assert_blocked(run: &Run, reason: &str, hint: &str) {
    run.assert_outcome(1, "blocked");
    run.assert_no_writes();
    let blocks = run.report["blocked"].as_array().unwrap();
    assert_eq!(blocks.len(), 1, "{blocks:#?}");
    assert!(blocks[0]["reason"].as_str().unwrap().contains(reason), "{blocks:#?}");
    assert!(blocks[0]["hint"].as_str().unwrap().contains(hint), "{blocks:#?}");
    assert!(run.stderr.contains("hint: ") && run.stderr.contains(hint), "{}", run.stderr);
}

/// Waits until the daemon's node has this state.
#[track_caller]
pub fn until_state(daemon: &Daemon, state: &str) {
    let seen = || daemon.get("/info").unwrap()["Swarm"].clone();
    until(&format!("the node does not become {state}"), || seen()["LocalNodeState"] == state);
}

/// The one drift of a run, which writes nothing.
#[track_caller]
pub fn drifted(world: &World) -> Value {
    let before = world.daemon.indices();
    let run = world.run();
    run.assert_outcome(1, "drifted");
    run.assert_no_writes();
    assert_eq!(world.daemon.indices(), before);
    let drift = run.report["drift"].as_array().unwrap();
    assert_eq!(drift.len(), 1, "{drift:#?}");
    drift[0].clone()
}
