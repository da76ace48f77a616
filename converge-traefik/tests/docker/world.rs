//! A swarm with the network `proxy`, the recipe's repository, a certificate and a configuration.

use converger_kit::{Piece, skip};
use dockerd::ADDRESS;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

pub const DOMAIN: &str = "ci.localhost";
pub const SERVICE: &str = "traefik_ci_localhost_app";
/// The version that the configuration pins.
pub const FIRST: &str = "3.8.0+v3.6.15";

/// The world of converge-traefik.
#[derive(Debug)]
pub struct World(converger_kit::World);

converger_kit::deref_world!(World, 0);

impl Piece for World {
    /// A swarm with nothing deployed.
    fn bare(test: &str) -> Option<Self> {
        let images = lab::images();
        if !images.is_dir() {
            return skip(test, "there are no images; `make setup` makes them");
        }
        let world = Self(converger_kit::World::start_swarm(test, env!("CARGO_BIN_EXE_converge-traefik"))?);
        for image in std::fs::read_dir(images).unwrap().map(|entry| entry.unwrap().path()) {
            if image.to_string_lossy().contains("traefik") {
                world.daemon.load(&image);
            }
        }
        world.add_program("abra", &stand_ins::abra().unwrap());
        world.publish(None);
        world.new_certificate(&[DOMAIN, "*.ci.localhost"]);
        world.declare(|_| ());
        Some(world)
    }

    fn configuration(&self) -> Value {
        json!({
            "domain": DOMAIN,
            "recipe": {
                "source": format!("file://{}", self.path("catalogue/traefik.git").display()),
                "version": { "pin": FIRST },
            },
            "abra_directory": self.path("abra"),
            "probe": { "address": ADDRESS },
            "limits": { "run_seconds": 300, "wait_seconds": 60, "call_seconds": 20, "lock_seconds": 30 },
        })
    }

    /// Removes the stack, its secrets and our files.
    fn wipe(&self) {
        self.sh("docker service ls --quiet | xargs --no-run-if-empty docker service rm; \
             while docker ps --quiet | grep -q .; do :; done; \
             docker secret ls --quiet | xargs --no-run-if-empty docker secret rm; \
             docker config ls --quiet | xargs --no-run-if-empty docker config rm");
        self.remove_folders(&["abra", "run", "state"]);
    }

    /// Traefik's tasks start again; a run waits for them.
    #[track_caller]
    fn after_restart(&self) {
        let run = self.run();
        assert_eq!(run.exit_code, Some(0), "{run:#?}");
    }
}

impl World {
    /// Publishes the recipe, up to a version or all of it.
    pub fn publish(&self, until: Option<&str>) {
        let catalogue = self.path("catalogue");
        match until {
            Some(version) => stand_ins::catalogue::publish_until("traefik", version, &catalogue).unwrap(),
            None => stand_ins::catalogue::publish("traefik", &catalogue).unwrap(),
        };
    }

    /// Publishes one more release, in which a text of the static configuration is another.
    pub fn release(&self, version: &str, file: &str, from: &str, to: &str) {
        let (bare, tree) = (self.path("catalogue/traefik.git"), self.path("tree"));
        self.sh(&format!(
            "rm -rf {tree} && git clone --quiet {bare} {tree} && cd {tree} && git checkout --quiet main && \
             sed -i 's|{from}|{to}|' {file} && sed -i 's/^export TRAEFIK_YML_VERSION=.*/export TRAEFIK_YML_VERSION=v90/' abra.sh && \
             sed -i 's/\\(coop-cloud.*version=\\).*\"/\\1{version}\"/' compose.yml && \
             git -c user.name=m -c user.email=m@localhost commit --quiet --all --message='feat: {version}' && \
             git -c user.name=m -c user.email=m@localhost tag --annotate --message={version} {version} && \
             git push --quiet origin HEAD {version}",
            bare = bare.display(),
            tree = tree.display(),
        ));
    }

    /// Writes the credentials of a new self-signed certificate.
    pub fn new_certificate(&self, names: &[&str]) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        self.write_credential("fullchain", &certificate.pem());
        self.write_credential("privkey", &key.serialize_pem());
    }

    /// The version in the label of the running service.
    pub fn version(&self) -> String {
        let format = "{{index .Spec.Labels \"coop-cloud.traefik_ci_localhost.version\"}}";
        self.daemon.docker(&["service", "inspect", SERVICE, "--format", format]).trim().to_owned()
    }
}
