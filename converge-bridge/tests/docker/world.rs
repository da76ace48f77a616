//! A swarm with the network `proxy` and a real Traefik, a ledger, credentials and a configuration.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use converger_kit::{Piece, skip};
use dockerd::ADDRESS;
use lab::{Authority, Validity};
use serde_json::{Value, json};

use crate::images;

pub const DOMAIN: &str = "bridge.ci.localhost";
pub const SERVICE: &str = "comment-bridge";
/// The user of the service.
const USER: u32 = 60990;
/// The image of Traefik that the set-up builds.
const TRAEFIK: &str = "traefik:v3.6.15";

/// The world of converge-bridge.
#[derive(Debug)]
pub struct World(converger_kit::World);

converger_kit::deref_world!(World, 0);

impl Piece for World {
    /// A swarm with Traefik alone.
    fn bare(test: &str) -> Option<Self> {
        let traefik = lab::images().join(format!("{TRAEFIK}.tar"));
        if !traefik.is_file() {
            return skip(test, "there are no images; `make setup` makes them");
        }
        let mut world = Self(converger_kit::World::start_swarm(test, env!("CARGO_BIN_EXE_converge-bridge"))?);
        let authority = world.path("authority.pem");
        world.set_environment("SSL_CERT_FILE", authority);
        world.daemon.load(&traefik);
        world.start_traefik();
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
        self.sh("docker service ls --quiet | xargs --no-run-if-empty docker service rm; \
             while docker ps --quiet --filter label=com.docker.swarm.service.name | grep -q .; do :; done; \
             docker ps --quiet --all --filter label=com.docker.swarm.service.name | xargs --no-run-if-empty docker rm --force; \
             docker secret ls --quiet | xargs --no-run-if-empty docker secret rm; \
             docker images --format '{{.Repository}}:{{.Tag}}' localhost/comment-bridge | \
             xargs --no-run-if-empty docker rmi --force");
        self.remove_folders(&["run", "state"]);
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
    /// Starts a Traefik that serves the domain with a certificate of a new authority.
    fn start_traefik(&self) {
        let authority = Authority::new().unwrap();
        let pair = authority.issue(&[DOMAIN], Validity::default()).unwrap();
        fs::write(self.path("authority.pem"), authority.certificate()).unwrap();
        fs::create_dir_all(self.path("tls")).unwrap();
        fs::write(self.path("tls/leaf.pem"), pair.fullchain).unwrap();
        fs::write(self.path("tls/key.pem"), pair.privkey).unwrap();
        let file = "tls: { certificates: [{ certFile: /tls/leaf.pem, keyFile: /tls/key.pem }] }\n";
        fs::write(self.path("tls/file.yml"), file).unwrap();
        let tls = format!("{}:/tls:ro", self.path("tls").display());
        self.daemon.docker(&[
            "create",
            "--name=traefik",
            "--network=proxy",
            "--publish=443:443",
            "--volume=/run/docker.sock:/var/run/docker.sock",
            "--volume",
            &tls,
            TRAEFIK,
            "traefik",
            "--providers.swarm.endpoint=unix:///var/run/docker.sock",
            "--providers.swarm.exposedByDefault=false",
            "--providers.swarm.network=proxy",
            "--providers.swarm.refreshSeconds=1",
            "--providers.file.filename=/tls/file.yml",
            "--entrypoints.web-secure.address=:443",
        ]);
        self.start_container("traefik");
    }

    /// Sets owner and mode of the ledger.
    pub fn own_ledger(&self, user: u32, mode: u32) {
        let ledger = self.path("ledger");
        chown(&ledger, Some(user), Some(user)).unwrap();
        fs::set_permissions(&ledger, fs::Permissions::from_mode(mode)).unwrap();
    }
}
