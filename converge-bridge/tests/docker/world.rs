//! A swarm with the network `proxy` and a real Traefik on it, a ledger, credentials, a configuration.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Output};
use std::time::{Duration, Instant};

use dockerd::{ADDRESS, Daemon, Proxy};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::images;

pub const DOMAIN: &str = "bridge.ci.localhost";
pub const SERVICE: &str = "comment-bridge";
/// The user it runs as.
const USER: u32 = 60990;
/// The version whose image is there.
const TRAEFIK: &str = "traefik:v3.6.15";

pub struct World {
    pub proxy: Proxy,
    pub daemon: Daemon,
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
    pub fn ends_as(&self, code: i32, outcome: &str) -> &Self {
        assert_eq!((self.code, self.report["outcome"].as_str()), (Some(code), Some(outcome)), "{}", self.said);
        self
    }

    /// The changes it made, one line each.
    pub fn changes(&self) -> Vec<&str> {
        self.report["changes"].as_array().into_iter().flatten().filter_map(|change| change["change"].as_str()).collect()
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
        let traefik = lab::images().join(format!("{TRAEFIK}.tar"));
        if !traefik.is_file() {
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
        daemon.load(&traefik);
        daemon.swarm_init();
        daemon.docker(&["network", "create", "--driver=overlay", "--attachable", "--subnet=10.10.0.0/16", "proxy"]);
        let proxy = Proxy::start(daemon.socket()).unwrap();
        let folder = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap();
        let world = Self { proxy, daemon, folder };
        world.start_traefik();
        for folder in ["ledger", "runs"] {
            fs::create_dir_all(world.path(folder)).unwrap();
        }
        world.own_ledger(USER, 0o700);
        images::well(&world.path("comment-bridge.tar"), "well");
        world.give("gitea-token", "gitea-token-0123456789\n");
        world.give("drone-token", "drone-token-0123456789");
        world.declare(|_| ());
        Some(world)
    }

    /// The same, converged.
    pub fn converged(test: &str) -> Option<Self> {
        let world = Self::bare(test)?;
        world.run().ends_as(0, "changed");
        Some(world)
    }

    /// Serves the domain by a certificate of an authority of its own.
    fn start_traefik(&self) {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.distinguished_name.push(rcgen::DnType::CommonName, "an authority of tests");
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        fs::write(self.path("authority.pem"), authority.pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![DOMAIN.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        fs::create_dir_all(self.path("tls")).unwrap();
        fs::write(self.path("tls/leaf.pem"), leaf.pem()).unwrap();
        fs::write(self.path("tls/key.pem"), key.serialize_pem()).unwrap();
        let file = "tls: { certificates: [{ certFile: /tls/leaf.pem, keyFile: /tls/key.pem }] }\n";
        fs::write(self.path("tls/file.yml"), file).unwrap();
        let tls = format!("{}:/tls:ro", self.path("tls").display());
        self.daemon.docker(&[
            "run",
            "--detach",
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
    }

    pub fn own_ledger(&self, user: u32, mode: u32) {
        let ledger = self.path("ledger");
        chown(&ledger, Some(user), Some(user)).unwrap();
        fs::set_permissions(&ledger, fs::Permissions::from_mode(mode)).unwrap();
    }

    pub fn declare(&self, change: impl FnOnce(&mut Value)) {
        let mut desired = json!({
            "domain": DOMAIN,
            "image": self.path("comment-bridge.tar"),
            "gitea": { "address": "http://10.99.0.1:3000", "bot": "ci-bot" },
            "drone": { "address": "https://drone.ci.localhost", "repository": "recipes/ci" },
            "organisations": [{ "name": "recipes" }],
            "ledger": self.path("ledger"),
            "runs": self.path("runs"),
            "authorities": self.path("authority.pem"),
            "user": format!("{USER}:{USER}"),
            "probe": { "address": ADDRESS },
            "limits": { "run_seconds": 120, "wait_seconds": 40, "call_seconds": 10, "lock_seconds": 30 },
        });
        change(&mut desired);
        fs::write(self.path("bridge.json"), desired.to_string()).unwrap();
    }

    /// Puts a credential where the run finds it.
    pub fn give(&self, name: &str, content: &str) {
        fs::create_dir_all(self.path("credentials")).unwrap();
        fs::write(self.path("credentials").join(name), content).unwrap();
    }

    /// Starts a run whose calls to Docker all go through the proxy.
    pub fn start(&self) -> Child {
        self.start_on(self.proxy.socket())
    }

    fn start_on(&self, socket: &Path) -> Child {
        let program = env!("CARGO_BIN_EXE_converge-bridge");
        let mut command = self.daemon.converger(program, "bridge", self.folder.path(), socket);
        command.env("SSL_CERT_FILE", self.path("authority.pem")).spawn().unwrap()
    }

    pub fn ended(&self, child: Child) -> Ran {
        let begun = Instant::now();
        let Output { status, stderr, .. } = child.wait_with_output().unwrap();
        let report = fs::read(self.path("run/bridge.json")).unwrap_or_default();
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

    /// What a run would do.
    pub fn plan(&self) -> (Option<i32>, Value) {
        let program = env!("CARGO_BIN_EXE_converge-bridge");
        let mut command = self.daemon.converger(program, "bridge", self.folder.path(), self.proxy.socket());
        command.args(["--plan", "--format=json"]).env("SSL_CERT_FILE", self.path("authority.pem"));
        let Output { status, stdout, .. } = command.output().unwrap();
        (status.code(), serde_json::from_slice(&stdout).unwrap_or_default())
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
    #[track_caller]
    pub fn is_converged(&self) {
        let before = self.daemon.indices();
        let ran = self.run();
        ran.ends_as(0, "unchanged");
        assert_eq!(ran.mutating, [""; 0], "mutating calls of a run with nothing to do");
        assert_eq!(self.daemon.indices(), before, "a version index moved");
    }

    /// Takes away the service, its secrets, its images and our files.
    pub fn wipe(&self) {
        self.sh("docker service ls --quiet | xargs --no-run-if-empty docker service rm; \
             while docker ps --quiet --filter label=com.docker.swarm.service.name | grep -q .; do :; done; \
             docker ps --quiet --all --filter label=com.docker.swarm.service.name | xargs --no-run-if-empty docker rm --force; \
             docker secret ls --quiet | xargs --no-run-if-empty docker secret rm; \
             docker images --format '{{.Repository}}:{{.Tag}}' localhost/comment-bridge | \
             xargs --no-run-if-empty docker rmi --force");
        for folder in ["run", "state"] {
            drop(fs::remove_dir_all(self.path(folder)));
        }
    }

    #[track_caller]
    pub fn sh(&self, script: &str) -> String {
        let output = self.daemon.command("/bin/sh").args(["-c", script]).output().unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// One line each of what Docker lists.
    pub fn list(&self, arguments: &[&str]) -> Vec<String> {
        let mut lines: Vec<String> = self.daemon.docker(arguments).lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    pub fn secrets(&self) -> Vec<String> {
        self.list(&["secret", "ls", "--format", "{{.Name}}"])
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
