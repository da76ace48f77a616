//! A daemon without a swarm, and the network that a run makes.

use std::path::Path;
use std::time::Duration;

use converger_kit::{Piece, ShortLimits};
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
}
