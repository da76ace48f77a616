//! converge-swarm against a real Docker daemon: a private one, in its own network namespace, with a recording proxy in
//! front of its socket.

#![allow(clippy::unwrap_used)] // A helper that cannot go on fails its test.

mod drift;
mod faults;
mod first_run;
mod in_use;
mod killed;
mod states;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use dockerd::image::Image;
use dockerd::{Call, Daemon, Proxy};
use serde_json::{Value, json};

/// The id of a network is 64 letters; people see 12.
const SHORT: usize = 12;

/// A daemon, a proxy in front of it, and a configuration.
struct World {
    proxy: Proxy,
    daemon: Daemon,
    folder: tempfile::TempDir,
}

/// A run of the program that has ended.
#[derive(Debug)]
struct Ran {
    /// Its exit code; none when it was killed.
    code: Option<i32>,
    said: String,
    report: Value,
    calls: Vec<Call>,
    took: Duration,
}

/// What every test declares unless it says otherwise.
fn declared() -> Value {
    json!({
        "advertise_address": dockerd::ADDRESS,
        "address_pools": { "pools": ["10.20.0.0/16"], "subnet_size": 24 },
        "task_history": 5,
        "networks": { "proxy": { "subnet": "10.10.0.0/16", "attachable": true } },
        "limits": { "run_seconds": 60, "wait_seconds": 2, "call_seconds": 20, "lock_seconds": 30 },
    })
}

impl World {
    /// A bare daemon; where there can be none, a line that says why.
    fn bare(test: &str) -> Option<Self> {
        Self::with_settings(test, &json!({}))
    }

    fn with_settings(test: &str, settings: &Value) -> Option<Self> {
        match Daemon::start_with(settings) {
            Ok(daemon) => {
                let proxy = Proxy::start(daemon.socket()).unwrap();
                let world = Self { proxy, daemon, folder: tempfile::tempdir().unwrap() };
                world.declare(&declared());
                Some(world)
            }
            Err(why) => {
                println!("skipped: {test}: {why}");
                None
            }
        }
    }

    /// A daemon that a first run has brought to the declared state.
    fn converged(test: &str) -> Option<Self> {
        let world = Self::bare(test)?;
        world.run().ends_as(0, "changed");
        Some(world)
    }

    /// Replaces the configuration.
    fn declare(&self, configuration: &Value) {
        fs::write(self.path("swarm.json"), configuration.to_string()).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program, talking to the daemon through the proxy.
    fn program(&self) -> Command {
        self.program_on(self.proxy.socket())
    }

    fn program_on(&self, socket: &Path) -> Command {
        let mut command = self.daemon.command_on(socket, env!("CARGO_BIN_EXE_converge-swarm"));
        command.arg("--config").arg(self.path("swarm.json"));
        command.env("RUNTIME_DIRECTORY", self.path("run")).env("STATE_DIRECTORY", self.path("state"));
        command.env_remove("NOTIFY_SOCKET").env_remove("JOURNAL_STREAM").env("RUST_BACKTRACE", "0");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self) -> Ran {
        self.ran(&mut self.program())
    }

    fn plan(&self) -> Ran {
        self.ran(self.program().args(["--plan", "--format", "json"]))
    }

    /// Runs a command to its end, and takes down what it asked of the daemon.
    fn ran(&self, command: &mut Command) -> Ran {
        self.proxy.forget();
        self.ended(command.spawn().unwrap(), Instant::now())
    }

    fn ended(&self, child: Child, begun: Instant) -> Ran {
        let Output { status, stderr, .. } = child.wait_with_output().unwrap();
        let report = fs::read(self.path("run/swarm.json")).ok();
        Ran {
            code: status.code(),
            said: String::from_utf8_lossy(&stderr).into_owned(),
            report: report.map_or(Value::Null, |bytes| serde_json::from_slice(&bytes).unwrap()),
            calls: self.proxy.calls(),
            took: begun.elapsed(),
        }
    }

    /// Nothing left to do: no mutating call, no index that moves, and it says so.
    #[track_caller]
    fn is_converged(&self) {
        let before = self.daemon.indices();
        let ran = self.run();
        ran.ends_as(0, "unchanged");
        assert_eq!(ran.mutating(), Vec::<String>::new());
        assert_eq!(self.daemon.indices(), before);
    }

    /// The network `proxy` as Docker describes it, of which there must be one.
    #[track_caller]
    fn the_network(&self) -> Value {
        let ids = self.network_ids("proxy");
        assert_eq!(ids.len(), 1, "networks named proxy: {ids:?}");
        self.daemon.get(&format!("/networks/{}", ids[0])).unwrap()
    }

    /// The ids of all networks with exactly this name.
    fn network_ids(&self, name: &str) -> Vec<String> {
        let networks = self.daemon.get("/networks").unwrap();
        let named = networks.as_array().unwrap().iter().filter(|network| network["Name"] == name);
        named.map(|network| network["Id"].as_str().unwrap().to_owned()).collect()
    }

    /// The network is there once, and as declared.
    #[track_caller]
    fn network_is_right(&self) {
        let network = self.the_network();
        let facts = json!({
            "Driver": network["Driver"], "Scope": network["Scope"], "Attachable": network["Attachable"],
            "Subnet": network["IPAM"]["Config"][0]["Subnet"], "Labels": network["Labels"],
        });
        let right = json!({
            "Driver": "overlay", "Scope": "swarm", "Attachable": true, "Subnet": "10.10.0.0/16",
            "Labels": { "converge.managed": "swarm" },
        });
        assert_eq!(facts, right);
    }

    /// Loads an image whose containers do nothing, for ever.
    fn load_idle(&self) {
        let archive = self.path("idle.tar");
        let image = Image::new("idle:1").with_program("/bin/sleep", Path::new("/bin/sleep")).unwrap();
        image.cmd(&["/bin/sleep", "infinity"]).write(&archive).unwrap();
        self.daemon.load(&archive);
    }
}

impl Ran {
    #[track_caller]
    fn ends_as(&self, code: i32, outcome: &str) {
        let as_expected = self.code == Some(code) && self.report["outcome"] == outcome;
        assert!(as_expected, "not exit {code}, {outcome}: {self:#?}");
        assert!(!self.said.contains("panicked"), "{}", self.said);
    }

    /// The calls that change something, without what Docker answered.
    fn mutating(&self) -> Vec<String> {
        let mutating = self.calls.iter().filter(|call| call.is_mutating());
        mutating.map(|call| format!("{} {}", call.method, call.path)).collect()
    }

    #[track_caller]
    fn changed_nothing(&self) {
        assert_eq!(self.mutating(), Vec::<String>::new(), "{self:#?}");
    }

    /// A clear failure: one message, a hint, no panic, in time.
    #[track_caller]
    fn fails_clearly(&self, within: Duration) {
        self.ends_as(1, "failed");
        assert!(self.report["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{self:#?}");
        assert!(self.said.contains("hint: "), "{self:#?}");
        assert!(self.took < within, "took {:?}, not {within:?}: {self:#?}", self.took);
    }
}
