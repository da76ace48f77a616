//! A Docker daemon of its own, that sees nothing of the host's and leaves nothing behind.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::namespaces::{Namespaces, child_of};
use crate::not_here::{self, NotHere};
use crate::{http, leftovers};

/// The address every daemon's network namespace has, on a bridge.
pub const ADDRESS: &str = "10.99.0.1";

/// How long a daemon may take to answer, or to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long one question may take.
const ONE_CALL: Duration = Duration::from_secs(30);

/// A private Docker daemon in its own namespaces; dropping it removes all of it.
///
/// Its methods panic when the daemon does not do what it must: that is a failed test, not a reason to skip one.
#[derive(Debug)]
pub struct Daemon {
    name: String,
    folder: PathBuf,
    running: Option<Child>,
    /// Dropped in [`Drop`], before the folder is removed.
    namespaces: Option<Namespaces>,
}

impl Daemon {
    /// Starts a daemon and waits until it answers.
    pub fn start() -> Result<Self, NotHere> {
        Self::start_with(&json!({}))
    }

    /// Starts a daemon with these settings in its `daemon.json`.
    pub fn start_with(settings: &Value) -> Result<Self, NotHere> {
        not_here::check()?;
        leftovers::remove_of_dead_owners();
        let namespaces = Namespaces::make(&format!("{ADDRESS}/24")).map_err(NotHere::NoNamespaces)?;
        let (name, folder) = leftovers::new_folder().unwrap_or_else(|error| panic!("no folder for a daemon: {error}"));
        let mut daemon = Self { name, folder, running: None, namespaces: Some(namespaces) };
        daemon.configure(settings);
        daemon.start_again();
        Ok(daemon)
    }

    /// Replaces the settings in `daemon.json`; they hold from the next start.
    pub fn configure(&self, settings: &Value) {
        fs::write(self.folder.join("daemon.json"), settings.to_string())
            .unwrap_or_else(|error| panic!("cannot write the daemon's settings: {error}"));
    }

    /// Starts the daemon after [`stop`](Self::stop) or [`kill`](Self::kill), and waits until it answers.
    pub fn start_again(&mut self) {
        if let Err(why) = self.try_start() {
            panic!("the Docker daemon did not start: {why}\n{}", self.log());
        }
    }

    fn try_start(&mut self) -> Result<(), String> {
        if self.running.is_some() {
            return Ok(());
        }
        let log = File::options().create(true).append(true).open(self.folder.join("dockerd.log"));
        let log = log.map_err(|error| error.to_string())?;
        let child = self
            .namespaces()
            .inside("dockerd")
            .arg("--config-file")
            .arg(self.folder.join("daemon.json"))
            .arg("--data-root")
            .arg(self.data())
            .arg("--host")
            .arg(self.docker_host())
            // `/run` is the namespaces' own. Recipes mount the socket from there.
            .args(["--host", "unix:///run/docker.sock"])
            .args(["--exec-root", "/run/docker", "--pidfile", "/run/docker.pid", "--shutdown-timeout", "3"])
            .args(["--exec-opt", "native.cgroupdriver=cgroupfs"])
            .arg("--cgroup-parent")
            .arg(format!("/{}", leftovers::control_group(&self.name)))
            .env_remove("DOCKER_HOST")
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(|error| error.to_string())?)
            .stderr(log)
            .spawn()
            .map_err(|error| format!("nsenter: {error}"))?;
        self.running = Some(child);
        let answers = wait_until(PATIENCE, || {
            let ended = self.running.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            let answered = matches!(http::get(self.socket_path().as_path(), "/_ping", ONE_CALL), Ok((200, _)));
            (ended || answered).then_some(answered && !ended)
        });
        match answers {
            Some(true) => Ok(()),
            Some(false) => Err("it ended".to_owned()),
            None => Err(format!("it did not answer within {PATIENCE:?}")),
        }
    }

    /// Stops the daemon as a service manager would, and waits until it has ended.
    pub fn stop(&mut self) {
        self.end(Signal::SIGTERM);
    }

    /// Kills the daemon without warning.
    pub fn kill(&mut self) {
        self.end(Signal::SIGKILL);
    }

    fn end(&mut self, signal: Signal) {
        let Some(mut child) = self.running.take() else { return };
        if let Some(pid) = child_of(child.id()) {
            let _ = kill(pid, signal);
        }
        // The child is the program that entered the namespaces for it: it ends when the daemon has.
        if wait_until(PATIENCE, || child.try_wait().ok().flatten()).is_none() {
            if let Some(pid) = child_of(child.id()) {
                let _ = kill(pid, Signal::SIGKILL);
            }
            let _ = child.wait();
        }
    }

    /// Whether the daemon's process is there.
    pub fn is_running(&mut self) -> bool {
        self.running.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// The daemon's process, as this machine numbers it.
    pub fn pid(&self) -> Option<Pid> {
        child_of(self.running.as_ref()?.id())
    }

    fn socket_path(&self) -> PathBuf {
        self.folder.join("docker.sock")
    }

    fn docker_host(&self) -> String {
        format!("unix://{}", self.socket_path().display())
    }

    fn namespaces(&self) -> &Namespaces {
        self.namespaces.as_ref().unwrap_or_else(|| panic!("used after it was dropped"))
    }

    /// The socket, absolute.
    pub fn socket(&self) -> PathBuf {
        self.socket_path()
    }

    /// A folder of this daemon's own for whatever a test wants to keep; removed with it.
    pub fn scratch(&self) -> PathBuf {
        let path = self.folder.join("scratch");
        fs::create_dir_all(&path).unwrap_or_else(|error| panic!("cannot make {}: {error}", path.display()));
        path
    }

    /// The network namespace as a file, for `nsenter --net=` and the like.
    pub fn network_namespace(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/ns/net", self.namespaces().first()))
    }

    /// What the daemon has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("dockerd.log")).unwrap_or_default()
    }

    /// A program in the daemon's network namespace, with `DOCKER_HOST` naming its socket. The process it starts is the
    /// program itself, so it can be killed by its id.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        self.command_on(&self.socket_path(), program)
    }

    /// The same, with `DOCKER_HOST` naming another socket: a proxy's.
    pub fn command_on(&self, socket: &Path, program: impl AsRef<Path>) -> Command {
        let mut command = self.namespaces().in_network(&program.as_ref().to_string_lossy());
        command
            .env("DOCKER_HOST", format!("unix://{}", socket.display()))
            // Nothing of whoever runs the tests: contexts, credentials, plug-ins.
            .env("DOCKER_CONFIG", self.folder.join("cli"))
            .env_remove("DOCKER_CONTEXT")
            .env_remove("DOCKER_API_VERSION");
        command
    }

    /// A converger all of whose files are in `folder`: `<piece>.json`, programs in `bin`, `credentials`, `run`, `state`. Its
    /// calls to Docker, its own and abra's, go to `socket`.
    pub fn converger(&self, program: impl AsRef<Path>, piece: &str, folder: &Path, socket: &Path) -> Command {
        let mut command = self.command_on(socket, program);
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .arg("--config")
            .arg(folder.join(format!("{piece}.json")))
            .env("PATH", format!("{}:{path}", folder.join("bin").display()))
            .env("HOME", folder)
            .env("CREDENTIALS_DIRECTORY", folder.join("credentials"))
            .env("RUNTIME_DIRECTORY", folder.join("run"))
            .env("STATE_DIRECTORY", folder.join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the docker command line and gives what it prints; panics when it fails.
    #[track_caller]
    pub fn docker(&self, arguments: &[&str]) -> String {
        match self.try_docker(arguments) {
            Ok(text) => text,
            Err(why) => panic!("docker {}: {why}", arguments.join(" ")),
        }
    }

    /// Runs the docker command line: what it prints, or what it says on standard error when it fails.
    pub fn try_docker(&self, arguments: &[&str]) -> Result<String, String> {
        let output = self.command("docker").args(arguments).stdin(Stdio::null()).output();
        let output = output.map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// Asks the daemon by a plain GET.
    pub fn get(&self, path: &str) -> Result<Value, String> {
        http::get_json(&self.socket_path(), path, ONE_CALL).map_err(|error| error.to_string())
    }

    /// Sends the daemon JSON by a plain POST, for what the command line would refuse to ask for.
    pub fn post(&self, path: &str, body: &Value) -> Result<(), String> {
        http::post_json(&self.socket_path(), path, body, ONE_CALL).map_err(|error| error.to_string())
    }

    /// Lays a cable to another daemon's network: this end gets 10.98.0.1, the other 10.98.0.2.
    #[track_caller]
    pub fn cable_to(&self, other: &Self) {
        let there = other.namespaces().first().to_string();
        let ip = |of: &Self, arguments: &[&str]| {
            let status = of.namespaces().in_network("ip").args(arguments).status();
            assert!(status.is_ok_and(|status| status.success()), "ip {}", arguments.join(" "));
        };
        ip(self, &["link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", &there]);
        for (end, address) in [(self, "10.98.0.1/24"), (other, "10.98.0.2/24")] {
            ip(end, &["address", "add", address, "dev", "cable"]);
            ip(end, &["link", "set", "cable", "up"]);
        }
    }

    /// The daemon's data directory.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Makes the daemon a swarm manager on its own address.
    #[track_caller]
    pub fn swarm_init(&self) {
        self.docker(&["swarm", "init", "--advertise-addr", ADDRESS]);
    }

    /// Loads an archive made by [`image`](crate::image).
    #[track_caller]
    pub fn load(&self, archive: &Path) {
        self.docker(&["load", "--quiet", "--input", &archive.to_string_lossy()]);
    }

    /// What moves when something is written: the `Version.Index` of the swarm and of each service, secret and config,
    /// and the ids of networks. Equal before and after means nothing was written. Empty without a swarm, but for networks.
    #[track_caller]
    pub fn indices(&self) -> BTreeMap<String, u64> {
        let mut indices = BTreeMap::new();
        if let Ok(swarm) = self.get("/swarm") {
            add_index(&mut indices, "swarm", &swarm);
            for kind in ["services", "secrets", "configs"] {
                for object in self.listed(&format!("/{kind}")) {
                    let name = object["Spec"]["Name"].as_str().unwrap_or_default();
                    let id = object["ID"].as_str().unwrap_or_default();
                    add_index(&mut indices, &format!("{kind}/{name}/{id}"), &object);
                }
            }
        }
        for network in self.listed("/networks") {
            let of = |key: &str| network[key].as_str().unwrap_or_default().to_owned();
            // Docker makes this one by itself, some time after the swarm.
            if of("Name") == "docker_gwbridge" {
                continue;
            }
            indices.insert(format!("networks/{}/{}", of("Name"), of("Id")), 0);
        }
        indices
    }

    #[track_caller]
    fn listed(&self, path: &str) -> Vec<Value> {
        match self.get(path) {
            Ok(Value::Array(objects)) => objects,
            other => panic!("GET {path}: {other:?}"),
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Ending the namespaces ends everything in them, at once and for certain: no orderly stop is needed.
        drop(self.namespaces.take());
        if let Some(mut child) = self.running.take() {
            let _ = child.wait();
        }
        if let Err(error) = leftovers::remove(&self.name, &self.folder) {
            eprintln!("cannot remove {}: {error}", self.folder.display());
        }
    }
}

fn add_index(indices: &mut BTreeMap<String, u64>, name: &str, object: &Value) {
    indices.insert(name.to_owned(), object["Version"]["Index"].as_u64().unwrap_or_default());
}

/// Tries until there is an answer or the time is over.
pub(crate) fn wait_until<T>(patience: Duration, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + patience;
    loop {
        if let Some(value) = attempt() {
            return Some(value);
        }
        if Instant::now() >= until {
            return None;
        }
        thread::park_timeout(Duration::from_millis(10));
    }
}
