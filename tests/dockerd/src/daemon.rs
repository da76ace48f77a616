//! A private Docker daemon: apart from the host's, and without leftovers.

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
use crate::unavailable::{self, Unavailable};
use crate::{http, leftovers};

/// The address of a bridge in the network namespace of every daemon.
pub const ADDRESS: &str = "10.99.0.1";

/// The time a daemon has to answer, or to end.
const START_OR_STOP: Duration = Duration::from_mins(1);

/// The deadline of one call.
const ONE_CALL: Duration = Duration::from_secs(30);

/// The answer to a write with the version of an earlier read: nothing was changed.
const WRITTEN_MEANWHILE: &str = "update out of sequence";

/// A private Docker daemon in its own namespaces. Drop removes all of it.
///
/// Methods panic when the daemon fails: that is a failed test, not a reason to skip one.
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
    pub fn start() -> Result<Self, Unavailable> {
        Self::start_with(&json!({}))
    }

    /// Starts a daemon with these settings in its `daemon.json`.
    pub fn start_with(settings: &Value) -> Result<Self, Unavailable> {
        unavailable::check()?;
        leftovers::remove_of_dead_owners();
        let namespaces = Namespaces::make(&format!("{ADDRESS}/24")).map_err(Unavailable::NoNamespaces)?;
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
        let answers = wait_until(START_OR_STOP, || {
            let ended = self.running.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            let answered = matches!(http::get(self.socket_path().as_path(), "/_ping", ONE_CALL), Ok((200, _)));
            (ended || answered).then_some(answered && !ended)
        });
        match answers {
            Some(true) => Ok(()),
            Some(false) => Err("it ended".to_owned()),
            None => Err(format!("it did not answer within {START_OR_STOP:?}")),
        }
    }

    /// Sends SIGTERM, as a service manager does, and waits for the end.
    pub fn stop(&mut self) {
        self.end(Signal::SIGTERM);
    }

    /// Sends SIGKILL, and waits for the end.
    pub fn kill(&mut self) {
        self.end(Signal::SIGKILL);
    }

    fn end(&mut self, signal: Signal) {
        let Some(mut child) = self.running.take() else { return };
        if let Some(pid) = child_of(child.id()) {
            let _ = kill(pid, signal);
        }
        // The child is `nsenter`: it ends after the daemon.
        if wait_until(START_OR_STOP, || child.try_wait().ok().flatten()).is_none() {
            if let Some(pid) = child_of(child.id()) {
                let _ = kill(pid, Signal::SIGKILL);
            }
            let _ = child.wait();
        }
    }

    /// True while the daemon's process exists.
    pub fn is_running(&mut self) -> bool {
        self.running.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// The daemon's process id on the host.
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

    /// A folder for files of the test, removed with the daemon.
    pub fn scratch(&self) -> PathBuf {
        let path = self.folder.join("scratch");
        fs::create_dir_all(&path).unwrap_or_else(|error| panic!("cannot make {}: {error}", path.display()));
        path
    }

    /// The network namespace as a file, for `nsenter --net=` and the like.
    pub fn network_namespace(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/ns/net", self.namespaces().first()))
    }

    /// The daemon's log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("dockerd.log")).unwrap_or_default()
    }

    /// A program in the daemon's network namespace, with `DOCKER_HOST` naming its socket. The process it starts is the
    /// program itself, so it can be killed by its id.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        self.command_on(&self.socket_path(), program)
    }

    /// The same, with `DOCKER_HOST` naming another socket, such as a proxy's.
    pub fn command_on(&self, socket: &Path, program: impl AsRef<Path>) -> Command {
        let mut command = self.namespaces().in_network(&program.as_ref().to_string_lossy());
        command
            .env("DOCKER_HOST", format!("unix://{}", socket.display()))
            // No contexts, credentials or plug-ins of the user who runs the tests.
            .env("DOCKER_CONFIG", self.folder.join("cli"))
            .env_remove("DOCKER_CONTEXT")
            .env_remove("DOCKER_API_VERSION");
        command
    }

    /// Runs a docker command. Returns its standard output; panics if it fails.
    #[track_caller]
    pub fn docker(&self, arguments: &[&str]) -> String {
        match self.try_docker(arguments) {
            Ok(text) => text,
            Err(why) => panic!("docker {}: {why}", arguments.join(" ")),
        }
    }

    /// Runs a docker command. Returns its standard output, or its standard error if it fails. A command that reads an
    /// object of Swarm and writes it is repeated, as an operator would, if Swarm itself has written in between.
    pub fn try_docker(&self, arguments: &[&str]) -> Result<String, String> {
        let until = Instant::now() + ONE_CALL;
        loop {
            let output = self.command("docker").args(arguments).stdin(Stdio::null()).output();
            let output = output.map_err(|error| error.to_string())?;
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
            if output.status.success() {
                return Ok(text(&output.stdout));
            }
            let error = text(&output.stderr);
            if !error.contains(WRITTEN_MEANWHILE) || Instant::now() > until {
                return Err(error);
            }
        }
    }

    /// Sends a plain GET to the daemon.
    pub fn get(&self, path: &str) -> Result<Value, String> {
        http::get_json(&self.socket_path(), path, ONE_CALL).map_err(|error| error.to_string())
    }

    /// Sends JSON to the daemon by a plain POST, for calls that the command line refuses.
    pub fn post(&self, path: &str, body: &Value) -> Result<(), String> {
        http::post_json(&self.socket_path(), path, body, ONE_CALL).map_err(|error| error.to_string())
    }

    /// Connects the networks of two daemons: this end has 10.98.0.1, the other 10.98.0.2.
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

    /// The `Version.Index` of the swarm and of each service, secret and config, and the ids of networks: equal before and
    /// after if nothing was written. Without a swarm, networks alone.
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
            // Docker creates this one itself, some time after the swarm.
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
        // The end of the namespaces ends every process in them; no orderly stop is needed.
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

/// Tries until there is a value or the time is over.
pub(crate) fn wait_until<T>(time: Duration, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + time;
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
