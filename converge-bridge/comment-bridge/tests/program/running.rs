//! A `comment-bridge` of a test's own.

use std::fs::{self, File, OpenOptions};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::wire;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_comment-bridge");
pub const GITEA_TOKEN: &str = "canary-of-gitea-0123456789abcdef";
pub const DRONE_TOKEN: &str = "canary-of-drone-0123456789abcdef";
pub const SECRET: &str = "canary-of-the-hook-0123456789abcdef";

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A place with settings, secrets, a ledger and runs.
pub struct Place {
    pub folder: Arc<TempDir>,
    pub settings: Value,
    pub listen: SocketAddr,
}

impl Place {
    pub fn new(gitea: &str, drone: &str) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        for name in ["secrets", "ledger", "runs", "published"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for (name, secret) in [("gitea_token", GITEA_TOKEN), ("drone_token", DRONE_TOKEN), ("webhook_secret", SECRET)] {
            fs::write(folder.path().join("secrets").join(name), secret).unwrap();
        }
        Self { folder, settings: settings(gitea, drone), listen: free_port() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with all its flags.
    pub fn command(&self) -> Command {
        self.command_through(&[])
    }

    fn command_through(&self, through: &[&str]) -> Command {
        // A failing test leaves no process behind.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).args(through).arg(PROGRAM).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("COMMENT_BRIDGE_SETTINGS", self.settings.to_string()).env("COMMENT_BRIDGE_LOG", "debug");
        for flag in ["secrets", "ledger", "runs", "published"] {
            command.arg(format!("--{flag}")).arg(self.path(flag));
        }
        command.arg("--listen").arg(self.listen.to_string()).stdin(Stdio::null());
        command
    }

    /// Starts it, and does not wait.
    pub fn begin(&self) -> Running {
        self.begin_as(&[])
    }

    /// The same, through another program.
    pub fn begin_as(&self, through: &[&str]) -> Running {
        let log = OpenOptions::new().create(true).append(true).open(self.path("log")).unwrap();
        let said: File = log.try_clone().unwrap();
        let child = self.command_through(through).stdout(said).stderr(log).spawn().unwrap();
        Running { child, listen: self.listen, log: self.path("log"), folder: self.folder.clone() }
    }

    /// Starts it, and waits until it is well.
    pub fn start(&self) -> Running {
        let mut running = self.begin();
        running.until("it is well", Running::is_well);
        running
    }

    /// The same, and until it has read its source for the first time: what is said from then on counts.
    pub fn start_and_poll(&self) -> Running {
        let mut running = self.start();
        running
            .until("the first poll", |running| running.metric_so_far("polls_total{result=\"complete\"}") > Some(0.0));
        running
    }
}

pub fn settings(gitea: &str, drone: &str) -> Value {
    json!({
        "gitea": gitea, "bot": "ci-bot", "drone": drone, "repository": "recipes/ci",
        "organisations": [{"name": "recipes", "include": ["*"], "exclude": ["left-alone"]}],
        "poll_seconds": 1, "catch_up_hours": 24, "give_up_hours": 24, "webhook": true, "call_seconds": 10,
    })
}

pub fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// One that runs; killed when this is dropped.
pub struct Running {
    child: Child,
    pub listen: SocketAddr,
    log: PathBuf,
    /// It writes there for as long as it runs.
    folder: Arc<TempDir>,
}

impl Running {
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// How it ended, once it did: its exit code, or minus the signal.
    pub fn ended(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or_else(|| -status.signal().unwrap_or_default());
            }
            assert!(Instant::now() < deadline, "it goes on:\n{}", self.said());
            pause();
        }
    }

    pub fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    #[track_caller]
    pub fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("not {what}: it has ended ({status}):\n{}", self.said());
            }
            assert!(Instant::now() < deadline, "not {what}:\n{}", self.said());
            pause();
        }
    }

    pub fn is_well(&self) -> bool {
        std::net::TcpStream::connect(self.listen).is_ok() && wire::get(self.listen, "/healthz").status == 200
    }

    /// A published file as it was last written.
    pub fn published(&self, file: &str) -> String {
        fs::read_to_string(self.folder.path().join("published").join(file)).unwrap_or_default()
    }

    /// A published file that was made after this call: the second one that is written from now on.
    #[track_caller]
    fn published_anew(&self, file: &str) -> String {
        let path = self.folder.path().join("published").join(file);
        let generation = || fs::metadata(&path).ok().map(|about| (about.ino(), about.mtime(), about.mtime_nsec()));
        let deadline = Instant::now() + PATIENCE;
        for _ in 0..2 {
            let before = generation();
            while generation() == before {
                assert!(Instant::now() < deadline, "{file} is not written:\n{}", self.said());
                pause();
            }
        }
        self.published(file)
    }

    /// A line of the metrics, without what all names begin with.
    #[track_caller]
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.published_anew("metrics.prom");
        value(&text, name).unwrap_or_else(|| panic!("no {name} in {text}"))
    }

    /// The same as it was last written, if it was.
    pub fn metric_so_far(&self, name: &str) -> Option<f64> {
        value(&self.published("metrics.prom"), name)
    }

    /// The number of deliveries with this result.
    pub fn deliveries(&self, result: &str) -> usize {
        let count = self.metric(&format!("hook_deliveries_total{{result=\"{result}\"}}"));
        format!("{count}").parse().unwrap()
    }

    #[track_caller]
    pub fn triggers(&self) -> Vec<Value> {
        // They are written before the metrics.
        self.published_anew("metrics.prom");
        let shown: Value = serde_json::from_str(&self.published("triggers.json")).unwrap();
        shown["triggers"].as_array().unwrap().clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn value(metrics: &str, name: &str) -> Option<f64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix("comment_bridge_")?.strip_prefix(name));
    line?.trim().parse().ok()
}

fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}

/// A delivery for a new comment on `recipes/hello#1`, as Gitea 1.26 writes it, without fields that are not read.
pub fn comment(id: i64, body: &str) -> Value {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    json!({
        "action": "created",
        "issue": {"id": 7, "number": 1, "title": "Mention the tests", "state": "open", "pull_request": {"merged": false}},
        "pull_request": {"number": 1, "head": {"sha": "0123456789012345678901234567890123456789"}},
        "comment": {
            "id": id, "html_url": "", "pull_request_url": "http://git.ci.localhost/recipes/hello/pulls/1",
            "user": {"id": 3, "login": "mara", "email": "mara@example.org"},
            "body": body, "created_at": now, "updated_at": now,
        },
        "repository": {"id": 2, "name": "hello", "full_name": "recipes/hello", "owner": {"login": "recipes"}},
        "sender": {"login": "mara"}, "is_pull": true,
    })
}

/// True if this process is root, which ignores permissions.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}
