//! A Drone server for one test: the stand-in, or the real one from a path.
//!
//! ```no_run
//! use stand_ins::drone::{Drone, Options};
//!
//! let drone = Drone::start(&Options {
//!     gitea: "http://127.0.0.1:3000".into(),
//!     client_id: "of the OAuth application".into(),
//!     client_secret: "of the same".into(),
//!     ..Options::default()
//! })
//! .unwrap();
//! drone.order(r#"[{"path": "/api/user", "what": {"status": 500}, "times": 1}]"#).unwrap();
//! println!("{}", drone.address());
//! ```

mod process;
mod wire;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::program;

use process::Process;

/// Longest wait for the first answer.
const START: Duration = Duration::from_secs(20);

/// Interval between two health checks at the start.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Options of a Drone server.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Gitea's address.
    pub gitea: String,
    /// The OAuth application's id; its redirect address is [`Drone::address`] with `/login` at its end.
    pub client_id: String,
    /// The OAuth application's secret.
    pub client_secret: String,
    /// Shared secret of the runners; by default a random one.
    pub rpc_secret: Option<String>,
    /// Listen address; by default a free port of the loopback. [`free_port`] gives one beforehand.
    pub listen: Option<SocketAddr>,
    /// Other variables, for example `DRONE_USER_CREATE`. They win.
    pub environment: Vec<(String, String)>,
    /// Program in place of the stand-in: the real server.
    pub program: Option<PathBuf>,
}

/// A running Drone server. Ends with the value, and leaves no files behind.
#[derive(Debug)]
pub struct Drone {
    options: Options,
    program: PathBuf,
    rpc_secret: String,
    listen: SocketAddr,
    control: Option<SocketAddr>,
    process: Process,
    folder: TempDir,
}

impl Drone {
    /// Starts a server and waits for its first answer.
    pub fn start(options: &Options) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("drone-").tempdir()?;
        let listen = options.listen.map_or_else(free_port, Ok)?;
        let control = if options.program.is_some() { None } else { Some(free_port()?) };
        let program = options.program.clone().map_or_else(program::drone_server, Ok)?;
        let rpc_secret = options.rpc_secret.clone().unwrap_or_else(|| secret(32));
        let process = launch(options, &program, &rpc_secret, listen, control, folder.path())?;
        let drone = Self { options: options.clone(), program, rpc_secret, listen, control, process, folder };
        drone.wait()?;
        Ok(drone)
    }

    /// URL, without a slash at the end.
    pub fn address(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// Shared secret of the runners.
    pub fn rpc_secret(&self) -> &str {
        &self.rpc_secret
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The log since the first start.
    pub fn log(&self) -> String {
        fs::read_to_string(log(self.folder.path())).unwrap_or_default()
    }

    /// Kills the server, as a crash would.
    pub fn stop(&mut self) {
        self.process.stop();
    }

    /// Starts the server again at the same address, with the same data and these variables in addition.
    pub fn start_again(&mut self, environment: &[(&str, &str)]) -> io::Result<()> {
        self.stop();
        let more = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        self.options.environment.extend(more);
        let folder = self.folder.path();
        self.process = launch(&self.options, &self.program, &self.rpc_secret, self.listen, self.control, folder)?;
        self.wait()
    }

    /// Replaces the faults: a JSON list, see `faults` of the program. Only the stand-in has faults.
    pub fn order(&self, faults: &str) -> io::Result<()> {
        self.at_door("PUT", "/faults", faults).map(drop)
    }

    /// Removes all faults.
    pub fn order_none(&self) -> io::Result<()> {
        self.at_door("DELETE", "/faults", "").map(drop)
    }

    /// The calls so far: a JSON list of `method`, `path` and the answer's `status`.
    pub fn calls(&self) -> io::Result<String> {
        self.at_door("GET", "/calls", "")
    }

    /// Clears the list of calls.
    pub fn forget_calls(&self) -> io::Result<()> {
        self.at_door("DELETE", "/calls", "").map(drop)
    }

    /// Makes the server's token for an account expire, so that its next use renews it.
    pub fn expire_token(&self, login: &str) -> io::Result<()> {
        self.at_door("POST", &format!("/accounts/{login}/expire"), "").map(drop)
    }

    /// Replaces the server's token for an account by one that Gitea does not know.
    pub fn revoke_token(&self, login: &str) -> io::Result<()> {
        self.at_door("POST", &format!("/accounts/{login}/revoke"), "").map(drop)
    }

    fn at_door(&self, method: &str, path: &str, body: &str) -> io::Result<String> {
        let door = self.control.ok_or_else(|| io::Error::other("only the stand-in takes orders"))?;
        let answer = wire::ask(door, method, path, body)?;
        if (200..300).contains(&answer.status) {
            return Ok(answer.body);
        }
        Err(io::Error::other(format!("{method} {path} answered {}: {}", answer.status, answer.body)))
    }

    fn wait(&self) -> io::Result<()> {
        let deadline = Instant::now() + START;
        loop {
            if let Some(status) = self.process.ended() {
                return Err(io::Error::other(format!("the Drone server ended with {status}:\n{}", self.log())));
            }
            if wire::ask(self.listen, "GET", "/healthz", "").is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let said = self.log();
                return Err(io::Error::other(format!("the Drone server does not answer at {}:\n{said}", self.listen)));
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }
}

/// A free port of the loopback.
pub fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

fn secret(length: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(length).collect()
}

fn log(folder: &Path) -> PathBuf {
    folder.join("drone.log")
}

fn launch(
    options: &Options,
    program: &Path,
    rpc_secret: &str,
    listen: SocketAddr,
    control: Option<SocketAddr>,
    folder: &Path,
) -> io::Result<Process> {
    let out: File = OpenOptions::new().create(true).append(true).open(log(folder))?;
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "--"])
        .arg(program)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(out.try_clone()?)
        .stdout(out)
        .env("DRONE_SERVER_PROTO", "http")
        .env("DRONE_SERVER_HOST", listen.to_string())
        .env("DRONE_SERVER_PORT", format!(":{}", listen.port()))
        .env("DRONE_DATABASE_DATASOURCE", folder.join("database.sqlite"))
        .env("DRONE_COOKIE_SECRET", "the same after a restart")
        .env("DRONE_GITEA_SERVER", &options.gitea)
        .env("DRONE_GITEA_CLIENT_ID", &options.client_id)
        .env("DRONE_GITEA_CLIENT_SECRET", &options.client_secret)
        .env("DRONE_RPC_SECRET", rpc_secret);
    if let Some(control) = control {
        command.env("DRONE_STAND_IN_CONTROL", control.to_string());
    }
    command.envs(options.environment.iter().map(|(key, value)| (key, value)));
    Process::start(command)
}
