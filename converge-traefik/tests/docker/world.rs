//! A swarm with the network `proxy`, the recipe's repository, a certificate, a configuration.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use dockerd::{ADDRESS, Daemon, Proxy};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

pub const DOMAIN: &str = "ci.localhost";
pub const SERVICE: &str = "traefik_ci_localhost_app";
pub const FIRST: &str = "3.8.0+v3.6.15";

pub struct World {
    pub daemon: Daemon,
    pub proxy: Proxy,
    folder: TempDir,
}

/// A run that has ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub said: String,
    pub report: Value,
    pub mutating: Vec<String>,
    pub took: Duration,
}

impl Ran {
    #[track_caller]
    pub fn ends_as(&self, code: i32, outcome: &str) {
        assert_eq!((self.code, self.report["outcome"].as_str()), (Some(code), Some(outcome)), "{}", self.said);
    }

    /// A clear failure: one message, a hint, no panic, in time.
    #[track_caller]
    pub fn fails_clearly(&self, within: Duration) {
        self.ends_as(1, "failed");
        let message = self.report["error"]["message"].as_str();
        assert!(message.is_some_and(|message| !message.is_empty()), "{self:#?}");
        assert!(self.said.contains("hint: ") && !self.said.contains("panicked"), "{}", self.said);
        assert!(self.took < within, "took {:?}, not {within:?}: {}", self.took, self.said);
    }

    #[track_caller]
    pub fn changed_nothing(&self) {
        assert_eq!(self.mutating, [""; 0], "{}", self.said);
    }
}

impl World {
    /// A swarm with nothing deployed; where there can be none, a line that says why.
    pub fn bare(test: &str) -> Option<Self> {
        let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/lab/cache/images");
        if !images.is_dir() {
            println!("skipped: {test}: there are no images; `make setup` makes them");
            return None;
        }
        let daemon = match Daemon::start() {
            Ok(daemon) => daemon,
            Err(why) => {
                println!("skipped: {test}: {why}");
                return None;
            }
        };
        for image in fs::read_dir(images).unwrap().map(|entry| entry.unwrap().path()) {
            if image.to_string_lossy().contains("traefik") {
                daemon.load(&image);
            }
        }
        daemon.swarm_init();
        daemon.docker(&["network", "create", "--driver=overlay", "--attachable", "--subnet=10.10.0.0/16", "proxy"]);
        let proxy = Proxy::start(daemon.socket()).unwrap();
        let world = Self { daemon, proxy, folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(world.path("bin")).unwrap();
        std::os::unix::fs::symlink(stand_ins::abra().unwrap(), world.path("bin/abra")).unwrap();
        world.publish(None);
        world.new_certificate(&[DOMAIN, "*.ci.localhost"]);
        world.declare(|_| ());
        Some(world)
    }

    /// The same with Traefik deployed.
    pub fn converged(test: &str) -> Option<Self> {
        let world = Self::bare(test)?;
        world.run().ends_as(0, "changed");
        Some(world)
    }

    /// Publishes the recipe, up to a version or all of it.
    pub fn publish(&self, until: Option<&str>) {
        let into = self.path("catalogue");
        match until {
            Some(version) => stand_ins::catalogue::publish_until("traefik", version, &into).unwrap(),
            None => stand_ins::catalogue::publish("traefik", &into).unwrap(),
        };
    }

    pub fn declare(&self, change: impl FnOnce(&mut Value)) {
        let mut desired = json!({
            "domain": DOMAIN,
            "recipe": {
                "source": format!("file://{}", self.path("catalogue/traefik.git").display()),
                "version": { "pin": FIRST },
            },
            "abra_directory": self.path("abra"),
            "probe": { "address": ADDRESS },
            "limits": { "run_seconds": 300, "wait_seconds": 60, "call_seconds": 20, "lock_seconds": 30 },
        });
        change(&mut desired);
        fs::write(self.path("traefik.json"), desired.to_string()).unwrap();
    }

    /// Puts a certificate of a new authority into the credentials.
    pub fn new_certificate(&self, names: &[&str]) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        fs::create_dir_all(self.path("credentials")).unwrap();
        fs::write(self.path("credentials/fullchain"), certificate.pem()).unwrap();
        fs::write(self.path("credentials/privkey"), key.serialize_pem()).unwrap();
    }

    /// Starts a run whose calls to Docker, its own and abra's, all go through the proxy.
    pub fn start(&self) -> Child {
        self.start_on(self.proxy.socket())
    }

    fn start_on(&self, socket: &Path) -> Child {
        let program = env!("CARGO_BIN_EXE_converge-traefik");
        self.daemon.converger(program, "traefik", self.folder.path(), socket).spawn().unwrap()
    }

    pub fn ended(&self, child: Child) -> Ran {
        let begun = Instant::now();
        let Output { status, stderr, .. } = child.wait_with_output().unwrap();
        let report = fs::read(self.path("run/traefik.json")).unwrap_or_default();
        Ran {
            code: status.code(),
            said: String::from_utf8_lossy(&stderr).into_owned(),
            report: serde_json::from_slice(&report).unwrap_or_default(),
            mutating: self.proxy.mutating().iter().map(ToString::to_string).collect(),
            took: begun.elapsed(),
        }
    }

    pub fn run(&self) -> Ran {
        self.proxy.forget();
        let child = self.start();
        self.ended(child)
    }

    /// A run that speaks to the daemon's own socket, where there may be nobody to answer.
    pub fn run_without_proxy(&self) -> Ran {
        self.proxy.forget();
        let child = self.start_on(&self.daemon.socket());
        self.ended(child)
    }

    /// What a run asks Docker for, each path once.
    pub fn questions(&self) -> Vec<String> {
        self.run().ends_as(0, "unchanged");
        let calls = self.proxy.calls();
        let paths = calls.iter().map(|call| call.path.split('?').next().unwrap_or_default().to_owned());
        paths.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// A run changes nothing: no mutating call, no version index moves.
    pub fn is_converged(&self) {
        let before = self.daemon.indices();
        let ran = self.run();
        ran.ends_as(0, "unchanged");
        assert_eq!(ran.mutating, [""; 0], "mutating calls of a run with nothing to do");
        assert_eq!(self.daemon.indices(), before, "a version index moved");
    }

    /// Takes away all of the stack, its secrets and our files.
    pub fn wipe(&self) {
        let script = "docker service ls --quiet | xargs --no-run-if-empty docker service rm; \
             while docker ps --quiet | grep -q .; do :; done; \
             docker secret ls --quiet | xargs --no-run-if-empty docker secret rm; \
             docker config ls --quiet | xargs --no-run-if-empty docker config rm";
        let mut shell = self.daemon.command("/bin/sh");
        assert!(shell.args(["-c", script]).stdout(Stdio::null()).status().unwrap().success());
        for folder in ["abra", "run", "state"] {
            drop(fs::remove_dir_all(self.path(folder)));
        }
    }

    pub fn secrets(&self) -> Vec<String> {
        let text = self.daemon.docker(&["secret", "ls", "--format", "{{.Name}}"]);
        let mut names: Vec<String> = text.lines().map(str::to_owned).collect();
        names.sort();
        names
    }

    /// The version that runs, as its label says.
    pub fn version(&self) -> String {
        let format = "{{index .Spec.Labels \"coop-cloud.traefik_ci_localhost.version\"}}";
        self.daemon.docker(&["service", "inspect", SERVICE, "--format", format]).trim().to_owned()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
