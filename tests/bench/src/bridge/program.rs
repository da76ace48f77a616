//! A running comment-bridge.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::program;

const START: Duration = Duration::from_secs(30);

/// Options of a start.
#[derive(Debug)]
pub struct Setup<'a> {
    /// Gitea's address.
    pub gitea: String,
    /// Drone's address.
    pub drone: String,
    /// The bot's token at Gitea.
    pub gitea_token: &'a str,
    /// The bot's token at Drone.
    pub drone_token: &'a str,
    /// Secret of the webhook; `None` without a webhook.
    pub webhook: Option<&'a str>,
    /// Interval of polls, in seconds.
    pub poll_seconds: u64,
    /// Existing ledger.
    pub ledger: Option<&'a Path>,
}

/// Stops when the value is dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    listen: SocketAddr,
    folder: TempDir,
    /// Time from the start to the first answer.
    pub started_in: Duration,
}

impl Program {
    /// Starts the bridge and waits for its first answer.
    pub fn start(setup: &Setup<'_>) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        for name in ["secrets", "ledger", "runs", "published"] {
            fs::create_dir(folder.path().join(name))?;
        }
        if let Some(ledger) = setup.ledger {
            fs::copy(ledger, folder.path().join("ledger/ledger.sqlite"))?;
        }
        let secrets = [("gitea_token", Some(setup.gitea_token)), ("drone_token", Some(setup.drone_token))];
        for (name, secret) in secrets.into_iter().chain([("webhook_secret", setup.webhook)]) {
            if let Some(secret) = secret {
                fs::write(folder.path().join("secrets").join(name), secret)?;
            }
        }
        let listen = stand_ins::drone::free_port()?;
        let log = File::create(folder.path().join("log"))?;
        let mut command = Command::new(program("comment-bridge")?);
        command.env_clear().env("COMMENT_BRIDGE_SETTINGS", settings(setup).to_string());
        for name in ["secrets", "ledger", "runs", "published"] {
            command.arg(format!("--{name}")).arg(folder.path().join(name));
        }
        command.args(["--listen", &listen.to_string()]).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let began = Instant::now();
        let child = command.spawn()?;
        let mut running = Self { child, listen, folder, started_in: Duration::ZERO };
        while !running.get("/healthz").is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            if began.elapsed() > START || running.child.try_wait()?.is_some() {
                return Err(io::Error::other(format!("comment-bridge does not serve: {}", running.log())));
            }
            thread::sleep(Duration::from_millis(1));
        }
        running.started_in = began.elapsed();
        Ok(running)
    }

    /// URL, without a slash at the end.
    pub fn address(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// The answer to a GET, with its headers.
    pub fn get(&self, path: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(self.listen)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.listen)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// Peak memory so far, in KiB.
    pub fn peak_kib(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = line.and_then(|rest| rest.split_whitespace().next()).and_then(|text| text.parse().ok());
        peak.ok_or_else(|| io::Error::other("the kernel does not tell its memory"))
    }

    /// The end of the log.
    pub fn log(&self) -> String {
        let text = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Fails if the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn settings(setup: &Setup<'_>) -> Value {
    json!({
        "gitea": setup.gitea, "bot": forge::World::BOT, "drone": setup.drone, "repository": forge::World::CI,
        "branch": "main", "organisations": [{ "name": forge::World::ORGANISATION }],
        "poll_seconds": setup.poll_seconds, "catch_up_hours": 24, "give_up_hours": 24,
        "webhook": setup.webhook.is_some(),
    })
}
