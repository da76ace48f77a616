//! A swarm behind a real Traefik, the directories that the service mounts, and a configuration.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use converger_kit::Piece;
use converger_kit::service::{healthy_if, write_image};
use dockerd::ADDRESS;
use serde_json::{Value, json};

/// The bare domain, without a name of the service.
pub const DOMAIN: &str = "ci.localhost";
pub const SERVICE: &str = "dashboard";
/// The user of the service.
const USER: u32 = 60991;
/// The directories that are only read, each with a file.
pub const READ: [(&str, &str); 3] =
    [("runs", "1/results.json"), ("reports", "swarm.json"), ("bridge", "triggers.json")];

/// All directories are there; only the index can be written.
const CONDITION: &str = "\
[ -r /runs/1/results.json ] && [ -r /reports/swarm.json ] && [ -r /bridge/triggers.json ] && touch /index/was-here \
&& ! touch /runs/was-here && ! touch /reports/was-here && ! touch /bridge/was-here";

/// The world of converge-dashboard.
#[derive(Debug)]
pub struct World(converger_kit::World);

converger_kit::deref_world!(World, 0);

impl Piece for World {
    /// A swarm with Traefik alone.
    fn bare(test: &str) -> Option<Self> {
        let world = converger_kit::World::start_behind_traefik(test, env!("CARGO_BIN_EXE_converge-dashboard"), DOMAIN)?;
        let world = Self(world);
        for (folder, file) in READ {
            let file = world.path(folder).join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "{}").unwrap();
            // Its mode does not stop the container from writing; the mount does.
            fs::set_permissions(world.path(folder), fs::Permissions::from_mode(0o777)).unwrap();
        }
        fs::create_dir(world.path("index")).unwrap();
        world.own_index(USER, 0o700);
        world.write_image("well");
        world.declare(|_| ());
        Some(world)
    }

    fn configuration(&self) -> Value {
        json!({
            "domain": DOMAIN,
            "image": self.path("dashboard.tar"),
            "gitea": "http://git.ci.localhost:3000",
            "runs": self.path("runs"),
            "reports": self.path("reports"),
            "bridge": self.path("bridge"),
            "index": self.path("index"),
            "user": format!("{USER}:{USER}"),
            "probe": { "address": ADDRESS },
            // Swarm waits up to a minute for the end of the old task before it starts the new one.
            "limits": { "run_seconds": 180, "wait_seconds": 90, "call_seconds": 10, "lock_seconds": 30 },
        })
    }

    /// Removes the service, its images and our files.
    fn wipe(&self) {
        self.wipe_service(SERVICE);
    }
}

impl World {
    /// Writes the archive of an image that serves `page`.
    pub fn write_image(&self, page: &str) {
        write_image(&self.path("dashboard.tar"), SERVICE, &healthy_if(CONDITION), page);
    }

    /// Sets owner and mode of the index.
    pub fn own_index(&self, user: u32, mode: u32) {
        let index = self.path("index");
        chown(&index, Some(user), Some(user)).unwrap();
        fs::set_permissions(&index, fs::Permissions::from_mode(mode)).unwrap();
    }
}
