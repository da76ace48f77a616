//! A swarm behind a real Traefik, a ledger, credentials and a configuration.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use converger_kit::Piece;
use dockerd::ADDRESS;
use serde_json::{Value, json};

use crate::images;

pub const DOMAIN: &str = "bridge.ci.localhost";
pub const SERVICE: &str = "comment-bridge";
/// The user of the service.
const USER: u32 = 60990;

/// The world of converge-bridge.
#[derive(Debug)]
pub struct World(converger_kit::World);

converger_kit::deref_world!(World, 0);

impl Piece for World {
    /// A swarm with Traefik alone.
    fn bare(test: &str) -> Option<Self> {
        let world = converger_kit::World::start_behind_traefik(test, env!("CARGO_BIN_EXE_converge-bridge"), DOMAIN)?;
        let world = Self(world);
        for folder in ["ledger", "runs", "published"] {
            fs::create_dir_all(world.path(folder)).unwrap();
        }
        world.own_ledger(USER, 0o700);
        chown(world.path("published"), Some(USER), Some(USER)).unwrap();
        fs::set_permissions(world.path("published"), fs::Permissions::from_mode(0o755)).unwrap();
        images::healthy(&world.path("comment-bridge.tar"), "well");
        world.write_credential("gitea-token", "gitea-token-0123456789\n");
        world.write_credential("drone-token", "drone-token-0123456789");
        world.declare(|_| ());
        Some(world)
    }

    fn configuration(&self) -> Value {
        json!({
            "domain": DOMAIN,
            "image": self.path("comment-bridge.tar"),
            "gitea": { "address": "http://10.99.0.1:3000", "bot": "ci-bot" },
            "drone": { "address": "https://drone.ci.localhost", "repository": "recipes/ci" },
            "organisations": [{ "name": "recipes" }],
            "ledger": self.path("ledger"),
            "runs": self.path("runs"),
            "published": self.path("published"),
            "authorities": self.path("authority.pem"),
            "user": format!("{USER}:{USER}"),
            "probe": { "address": ADDRESS },
            // Swarm waits up to a minute for the end of the old task before it starts the new one.
            "limits": { "run_seconds": 180, "wait_seconds": 90, "call_seconds": 10, "lock_seconds": 30 },
        })
    }

    /// Removes the service, its secrets, its images and our files.
    fn wipe(&self) {
        self.wipe_service(SERVICE);
    }

    /// Starts Traefik again; a run waits for the service's tasks.
    #[track_caller]
    fn after_restart(&self) {
        self.start_container("traefik");
        let run = self.run();
        assert_eq!(run.exit_code, Some(0), "{run:#?}");
    }
}

impl World {
    /// Sets owner and mode of the ledger.
    pub fn own_ledger(&self, user: u32, mode: u32) {
        let ledger = self.path("ledger");
        chown(&ledger, Some(user), Some(user)).unwrap();
        fs::set_permissions(&ledger, fs::Permissions::from_mode(mode)).unwrap();
    }
}
