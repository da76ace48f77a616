//! A private daemon, a recording proxy, and the files of one converger.

use std::collections::BTreeSet;
use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use dockerd::{Daemon, Fault, Proxy, Victim};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http_proxy::{HttpFault, HttpProxy};
use crate::{Run, Writes};

/// The deadline of a container's start.
const START_CONTAINER: Duration = Duration::from_mins(2);

/// The name of Docker among the services of a world.
pub(crate) const DOCKER: &str = "Docker";

/// A private daemon, the proxy in front of its socket, and a folder with all files of one converger.
#[derive(Debug)]
pub struct World {
    /// The proxy between the converger and the daemon.
    pub proxy: Proxy,
    /// The daemon.
    pub daemon: Daemon,
    http: Vec<HttpProxy>,
    program: &'static str,
    environment: Vec<(&'static str, PathBuf)>,
    folder: TempDir,
}

/// A run that has been started.
#[derive(Debug)]
pub struct Running {
    child: Child,
    started: Instant,
}

/// Prints why a test is skipped, for the count of `make test`.
pub fn skip<T>(test: &str, reason: impl std::fmt::Display) -> Option<T> {
    println!("skipped: {test}: {reason}");
    None
}

impl World {
    /// A daemon without a swarm. `program` is the path of `converge-<piece>`.
    pub fn start(test: &str, program: &'static str) -> Option<Self> {
        Self::start_with(test, program, &json!({}))
    }

    /// The same, with these settings in `daemon.json`.
    pub fn start_with(test: &str, program: &'static str, settings: &Value) -> Option<Self> {
        let daemon = match Daemon::start_with(settings) {
            Ok(daemon) => daemon,
            Err(reason) => return skip(test, reason),
        };
        let proxy = Proxy::start(daemon.socket()).unwrap();
        // Containers mount what is in it.
        let folder = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap();
        Some(Self { proxy, daemon, http: Vec::new(), program, environment: Vec::new(), folder })
    }

    /// The same, as a swarm with the network `proxy`.
    pub fn start_swarm(test: &str, program: &'static str) -> Option<Self> {
        let world = Self::start(test, program)?;
        world.daemon.swarm_init();
        world.daemon.docker(&[
            "network",
            "create",
            "--driver=overlay",
            "--attachable",
            "--subnet=10.10.0.0/16",
            "proxy",
        ]);
        Some(world)
    }

    /// Adds a service that the converger calls by HTTP.
    pub fn add_http(&mut self, proxy: HttpProxy) {
        self.http.push(proxy);
    }

    /// Sets a variable in the environment of all runs.
    pub fn set_environment(&mut self, variable: &'static str, path: PathBuf) {
        self.environment.push((variable, path));
    }

    /// A path in the world's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The piece's name.
    fn piece(&self) -> &'static str {
        self.program.rsplit("converge-").next().unwrap()
    }

    /// Writes the configuration.
    pub fn configure(&self, configuration: &Value) {
        fs::write(self.path(&format!("{}.json", self.piece())), configuration.to_string()).unwrap();
    }

    /// Writes a credential.
    pub fn write_credential(&self, name: &str, content: &str) {
        fs::create_dir_all(self.path("credentials")).unwrap();
        fs::write(self.path("credentials").join(name), content).unwrap();
    }

    /// Makes a program available to runs under this name.
    pub fn add_program(&self, name: &str, program: &Path) {
        fs::create_dir_all(self.path("bin")).unwrap();
        std::os::unix::fs::symlink(program, self.path("bin").join(name)).unwrap();
    }

    /// The converger, calling Docker through the proxy.
    pub fn command(&self) -> Command {
        self.command_on(self.proxy.socket())
    }

    /// The converger, calling Docker at another socket. All its files are in the world's folder: `<piece>.json`, programs
    /// in `bin`, `credentials`, `run` and `state`.
    fn command_on(&self, socket: &Path) -> Command {
        let mut command = self.daemon.command_on(socket, self.program);
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .arg("--config")
            .arg(self.path(&format!("{}.json", self.piece())))
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("HOME", self.folder.path())
            .env("CREDENTIALS_DIRECTORY", self.path("credentials"))
            .env("RUNTIME_DIRECTORY", self.path("run"))
            .env("STATE_DIRECTORY", self.path("state"))
            .env("RUST_BACKTRACE", "0")
            .env_remove("NOTIFY_SOCKET")
            .env_remove("JOURNAL_STREAM")
            .envs(self.environment.iter().map(|(variable, path)| (variable, path)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts a command of this world.
    pub fn start_run(&self, command: &mut Command) -> Running {
        Running { child: command.spawn().unwrap(), started: Instant::now() }
    }

    /// Starts a run that calls the daemon's own socket.
    pub fn start_run_without_proxy(&self) -> Running {
        self.forget_calls();
        self.start_run(&mut self.command_on(&self.daemon.socket()))
    }

    /// Waits for the end of a run.
    pub fn finish(&self, running: Running) -> Run {
        let Running { child, started } = running;
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let report = fs::read(self.path(&format!("run/{}.json", self.piece()))).ok();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Run {
            exit_code: status.code(),
            stdout: text(stdout),
            stderr: text(stderr),
            report: report.map_or(Value::Null, |bytes| serde_json::from_slice(&bytes).unwrap()),
            calls: self.proxy.calls(),
            writes: self.writes(),
            duration: started.elapsed(),
        }
    }

    fn writes(&self) -> Vec<Writes> {
        let docker = self.proxy.mutating().iter().map(|call| format!("{} {}", call.method, call.path)).collect();
        let http = self.http.iter().map(|proxy| Writes { service: proxy.service(), calls: proxy.mutating() });
        [Writes { service: DOCKER, calls: docker }].into_iter().chain(http).collect()
    }

    fn forget_calls(&self) {
        self.proxy.forget();
        self.http.iter().for_each(HttpProxy::forget);
    }

    /// One run.
    pub fn run(&self) -> Run {
        self.run_command(&mut self.command())
    }

    /// One run with `--plan`; the plan is JSON on standard output.
    pub fn plan(&self) -> Run {
        self.run_command(self.command().args(["--plan", "--format", "json"]))
    }

    /// One run that calls the daemon's own socket, where Docker may be stopped.
    pub fn run_without_proxy(&self) -> Run {
        self.finish(self.start_run_without_proxy())
    }

    fn run_command(&self, command: &mut Command) -> Run {
        self.forget_calls();
        self.finish(self.start_run(command))
    }

    /// One run with a fault in the calls to Docker whose path contains `part`.
    pub fn run_with_fault(&self, part: &str, fault: Fault) -> Run {
        self.proxy.set_fault_on(part, fault);
        let run = self.run();
        self.proxy.clear_fault();
        run
    }

    /// One run with a fault in the calls to an HTTP service.
    #[track_caller]
    pub fn run_with_http_fault(&self, service: &str, fault: HttpFault) -> Run {
        self.http(service).set_fault(fault);
        let run = self.run();
        self.http(service).clear_fault();
        run
    }

    /// One run, killed after the effect of its nth mutating call to a service, before the answer.
    #[track_caller]
    pub fn run_killed(&self, service: &str, nth: usize) -> Run {
        self.forget_calls();
        let victim = Victim::default();
        if service == DOCKER {
            self.proxy.set_fault(Fault::kill_after(nth, &victim));
        } else {
            self.http(service).set_fault(HttpFault::KillAfter(nth, victim.clone()));
        }
        let child = victim.spawn(&mut self.command()).unwrap();
        let run = self.finish(Running { child, started: Instant::now() });
        self.proxy.clear_fault();
        self.http.iter().for_each(HttpProxy::clear_fault);
        run
    }

    #[track_caller]
    fn http(&self, service: &str) -> &HttpProxy {
        let proxy = self.http.iter().find(|proxy| proxy.service() == service);
        proxy.unwrap_or_else(|| panic!("no service {service}"))
    }

    /// The paths that a run without changes asks Docker for, each once.
    #[track_caller]
    pub fn paths_read(&self) -> Vec<String> {
        let run = self.run();
        run.assert_outcome(0, "unchanged");
        let paths = run.calls.iter().map(|call| call.path.split('?').next().unwrap_or_default().to_owned());
        paths.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Asserts that a run has nothing to do: no mutating call, and no version index moves.
    #[track_caller]
    pub fn assert_converged(&self) {
        let before = self.daemon.indices();
        let run = self.run();
        run.assert_outcome(0, "unchanged");
        run.assert_no_writes();
        assert_eq!(self.daemon.indices(), before, "a version index moved");
    }

    /// Starts a container that has been created. Docker gives up an attachment to an overlay network after 20 s, which a busy
    /// machine may need; a later start succeeds.
    #[track_caller]
    pub fn start_container(&self, name: &str) {
        let deadline = Instant::now() + START_CONTAINER;
        while let Err(error) = self.daemon.try_docker(&["start", name]) {
            assert!(Instant::now() < deadline, "docker start {name}: {error}");
        }
    }

    /// Runs a shell script beside the daemon.
    #[track_caller]
    pub fn sh(&self, script: &str) -> String {
        let output = self.daemon.command("/bin/sh").args(["-c", script]).output().unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The lines that a docker command prints, sorted.
    #[track_caller]
    pub fn list(&self, arguments: &[&str]) -> Vec<String> {
        let mut lines: Vec<String> = self.daemon.docker(arguments).lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    /// The names of all secrets, sorted.
    #[track_caller]
    pub fn secrets(&self) -> Vec<String> {
        self.list(&["secret", "ls", "--format", "{{.Name}}"])
    }

    /// Removes these folders of the world.
    pub fn remove_folders(&self, names: &[&str]) {
        for name in names {
            drop(fs::remove_dir_all(self.path(name)));
        }
    }
}

/// Makes the world of the kit, in a field of the piece's world, available through `Deref`.
#[macro_export]
macro_rules! deref_world {
    ($world:ty, $field:tt) => {
        impl std::ops::Deref for $world {
            type Target = $crate::World;

            fn deref(&self) -> &Self::Target {
                &self.$field
            }
        }

        impl std::ops::DerefMut for $world {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.$field
            }
        }
    };
}
