//! A bench with a private Swarm that has the images of the recipes.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use dockerd::Daemon;
use serde_json::Value;

use crate::bench::{Bench, Ran};

/// Timeout for changes that Swarm makes asynchronously.
const PATIENCE: Duration = Duration::from_mins(1);

pub struct Swarm {
    pub daemon: Daemon,
    pub bench: Bench,
    /// Folder of another docker command line, searched before `PATH`.
    docker: Option<PathBuf>,
}

/// The archive of an image that the setup of the lab built.
fn archive(image: &str) -> PathBuf {
    let base = env::var_os("LAB_DIRECTORY")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/lab"), PathBuf::from);
    base.join("cache/images").join(format!("{image}.tar"))
}

impl Swarm {
    /// Starts a Swarm with the network `proxy`. Where that is impossible, prints the reason and returns `None`.
    pub fn start(test: &str, recipes: &[&str], images: &[&str]) -> Option<Self> {
        if let Some(image) = images.iter().find(|image| !archive(image).is_file()) {
            println!("skipped: {test}: no image {image}; `cargo run -p lab -- setup` builds it");
            return None;
        }
        let daemon = match Daemon::start() {
            Ok(daemon) => daemon,
            Err(why) => {
                println!("skipped: {test}: {why}");
                return None;
            }
        };
        daemon.swarm_init();
        daemon.docker(&["network", "create", "--driver", "overlay", "--attachable", "proxy"]);
        for image in images {
            daemon.load(&archive(image));
        }
        Some(Self { daemon, bench: Bench::new(recipes), docker: None })
    }

    /// Uses the docker command line in this folder.
    pub fn with_docker_of(mut self, folder: &Path) -> Self {
        self.docker = Some(folder.to_owned());
        self
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = self.daemon.command(program);
        if let Some(folder) = &self.docker {
            let path = env::var("PATH").unwrap_or_default();
            command.env("PATH", format!("{}:{path}", folder.display()));
        }
        command
    }

    pub fn abra(&self, arguments: &[&str]) -> Ran {
        self.bench.run_with(&|program| self.command(program), arguments)
    }

    pub fn abra_in_terminal(&self, arguments: &[&str]) -> Ran {
        self.bench.run_in_terminal_with(&|program| self.command(program), arguments)
    }

    /// A `hello` app with its secret.
    pub fn new_hello(&self, domain: &str) {
        self.bench.new_hello(domain);
        self.abra(&["app", "secret", "generate", domain, "--all", "-n", "-o", "-m"]).ok();
    }

    /// A service as Docker describes it.
    pub fn service(&self, name: &str) -> Value {
        self.daemon.get(&format!("/services/{name}")).unwrap_or(Value::Null)
    }

    pub fn label(&self, service: &str, label: &str) -> Value {
        self.service(service)["Spec"]["Labels"][label].clone()
    }

    /// A service's environment, sorted.
    pub fn environment(&self, service: &str) -> Vec<String> {
        let container = &self.service(service)["Spec"]["TaskTemplate"]["ContainerSpec"];
        let values = container["Env"].as_array().cloned().unwrap_or_default();
        let mut values: Vec<String> = values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect();
        values.sort();
        values
    }

    /// Runs a shell command in a service's container and returns its output.
    pub fn exec(&self, service: &str, command: &str) -> String {
        let filter = format!("label=com.docker.swarm.service.name={service}");
        let container = self.daemon.docker(&["ps", "--quiet", "--filter", &filter, "--filter", "status=running"]);
        self.daemon.docker(&["exec", container.lines().next().unwrap(), "sh", "-c", command])
    }

    /// Waits until a condition holds.
    #[track_caller]
    pub fn wait(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < until, "not within {PATIENCE:?}: {what}\n{}", self.daemon.log());
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }
}
