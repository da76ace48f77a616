//! A lab with runners only.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use lab::{Lab, Seen, UpOptions, wait_until};
use serde_json::{Value, json};

use crate::drone::{Drone, SECRET};

/// A lab and a Drone server in its network.
#[derive(Debug)]
pub struct Machine {
    pub lab: Lab,
    pub leader: i32,
    pub drone: Drone,
    mounts: usize,
}

/// Traces of a runner's steps on the machine.
#[derive(Debug, PartialEq, Eq)]
pub struct Left {
    pub processes: Vec<String>,
    pub units: Vec<String>,
    pub mounts: usize,
    pub folders: usize,
}

impl Machine {
    /// `None`, with a line about the skipped test, if this machine cannot run labs.
    pub fn up(name: &str) -> Option<Self> {
        if let Some(why) = Lab::why_not() {
            println!("skipped: {name}: {why}");
            return None;
        }
        if !nix::unistd::Uid::effective().is_root() {
            println!("skipped: {name}: only root gets into the lab's network");
            return None;
        }
        let lab = Lab::up(&UpOptions { replace: true, bare: true, ..UpOptions::named(name) }).expect("the lab boots");
        let words: Vec<String> =
            lab.command(&["true"]).unwrap().get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        let leader = words.iter().position(|word| word == "--target").map(|at| words[at + 1].parse().unwrap()).unwrap();
        let program = fs::read(runner()).expect("the runner is built");
        lab.write_file("/usr/local/bin/drone-runner", &program, 0o755).unwrap();
        lab.write_file("/run/secrets/rpc-secret", SECRET.as_bytes(), 0o400).unwrap();
        let mut machine = Self { drone: Drone::start(leader), lab, leader, mounts: 0 };
        machine.mounts = machine.mounts();
        Some(machine)
    }

    /// Writes a runner's configuration and unit; `change` edits the tests' default.
    pub fn configure(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let mut settings = json!({
            "server": format!("http://{}", self.drone.address), "name": name, "capacity": 2,
            "repositories": ["recipes/ci"],
            "steps": {
                "environment": { "ABRA_DIR": "/var/lib/abra" },
                "directory": format!("/var/lib/{name}"),
                "path": ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin"],
            },
            "metrics": format!("/run/{name}/metrics.sock"),
            "limits": { "stop_seconds": 1, "drain_seconds": 10 },
        });
        change(&mut settings);
        self.lab.write_file(&format!("/etc/converge/{name}.json"), settings.to_string().as_bytes(), 0o644).unwrap();
        let unit = format!(
            "[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=notify-reload\nNotifyAccess=main\n\
             ExecStart=/usr/local/bin/drone-runner --config /etc/converge/{name}.json\n\
             LoadCredential=rpc-secret:/run/secrets/rpc-secret\nRuntimeDirectory={name}\nStateDirectory={name}\n\
             ProcSubset=pid\nTimeoutStopSec=60\nRestart=on-failure\nRestartSec=100ms\nRestartPreventExitStatus=2\n"
        );
        self.lab.write_file(&format!("/etc/systemd/system/{name}.service"), unit.as_bytes(), 0o644).unwrap();
        self.systemctl(&["daemon-reload"]);
    }

    /// Configures and starts a runner.
    pub fn start(&self, name: &str, change: impl FnOnce(&mut Value)) {
        self.configure(name, change);
        self.systemctl(&["start", name]);
    }

    pub fn systemctl(&self, words: &[&str]) -> String {
        let said = self.lab.exec(&[&["systemctl"], words].concat()).unwrap();
        assert!(said.ok(), "systemctl {words:?}: {} {}\n{}", said.stdout, said.stderr, self.journal());
        said.stdout.trim().to_owned()
    }

    pub fn show(&self, name: &str, property: &str) -> String {
        self.systemctl(&["show", "--value", "--property", property, name])
    }

    pub fn journal(&self) -> String {
        self.lab
            .exec(&["journalctl", "--no-pager", "--output=cat", "-n", "60"])
            .map(|said| said.stdout)
            .unwrap_or_default()
    }

    /// The process id of a runner, on this machine.
    pub fn pid(&self, name: &str) -> i32 {
        let inside = self.show(name, "MainPID");
        let is_it = |status: &str| {
            let within =
                |line: &&str| line.starts_with("NSpid:") && line.split_whitespace().last() == Some(inside.as_str());
            status.lines().any(|line| within(&line))
        };
        let all = processes().into_iter().filter(|pid| in_lab(*pid, self.leader));
        all.into_iter()
            .find(|pid| fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|status| is_it(&status)))
            .expect("the runner runs")
    }

    fn mounts(&self) -> usize {
        let mounts = fs::read_to_string(format!("/proc/{}/mounts", self.leader)).unwrap();
        // A runner's own credentials are a mount during its life.
        mounts.lines().filter(|line| !line.contains("/run/credentials/ci")).count()
    }

    /// The processes of steps: in one of their units, or outside with their environment.
    pub fn step_processes(&self) -> Vec<String> {
        let describe = |pid: i32| {
            let read = |file: &str| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            let group = String::from_utf8_lossy(&read("cgroup")).into_owned();
            let environment = read("environ");
            let is_step =
                group.contains("drone-step") || environment.windows(21).any(|part| part == b"DRONE_STAGE_MACHINE=c");
            let command = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
            // A zombie holds no resources.
            let is_zombie = read("stat").windows(3).any(|part| part == b") Z");
            (is_step && !is_zombie && in_lab(pid, self.leader)).then(|| format!("{pid} {command} {}", group.trim()))
        };
        processes().into_iter().filter_map(describe).collect()
    }

    /// All possible traces.
    pub fn left(&self) -> Left {
        let list = ["systemctl", "list-units", "--all", "--plain", "--no-legend", "drone-step*"];
        let units = self.lab.exec(&list).unwrap().text().unwrap();
        let folders = "ls -d /var/lib/*/stages/* 2>/dev/null | wc -l";
        Left {
            processes: self.step_processes(),
            units: units.lines().map(str::to_owned).collect(),
            mounts: self.mounts().saturating_sub(self.mounts),
            folders: self.lab.exec(&["sh", "-c", folders]).unwrap().text().unwrap().parse().unwrap(),
        }
    }

    /// Waits until no trace of any step is left.
    pub fn nothing_left(&self, within: Duration) {
        let nothing = Left { processes: Vec::new(), units: Vec::new(), mounts: 0, folders: 0 };
        wait_until("nothing to be left of the steps", within, || {
            let left = self.left();
            Ok(if left == nothing { Seen::Yes(()) } else { Seen::NotYet(format!("{left:?}")) })
        })
        .unwrap();
    }

    /// Waits until no process of a step is left, and returns the time that took.
    pub fn until_no_process(&self, within: Duration) -> Duration {
        let began = Instant::now();
        loop {
            let left = self.step_processes();
            if left.is_empty() {
                return began.elapsed();
            }
            assert!(began.elapsed() < within, "still there: {left:#?}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The status file of a runner; null while there is none.
    pub fn status(&self, name: &str) -> Value {
        let text = self.lab.read_file(&format!("/run/{name}/status.json")).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }
}

/// True for a release build of the runner: only that one is held to figures.
pub fn is_optimised() -> bool {
    !cfg!(debug_assertions) || std::env::var_os("DRONE_RUNNER").is_some()
}

/// The runner's program: `DRONE_RUNNER`, or the one of this test's build.
fn runner() -> PathBuf {
    let built = || std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("drone-runner");
    std::env::var_os("DRONE_RUNNER").map_or_else(built, PathBuf::from)
}

fn processes() -> Vec<i32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// True if a process is in the lab's process namespace.
fn in_lab(pid: i32, leader: i32) -> bool {
    let space = |pid: i32| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
    space(pid).is_some_and(|found| Some(found) == space(leader))
}

/// Resident memory of a process in KiB: present and peak.
pub fn memory(pid: i32) -> (u64, u64) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let read = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (read("VmRSS:"), read("VmHWM:"))
}

/// CPU time of a process so far.
pub fn processor_time(pid: i32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<u64> = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse().unwrap())
        .collect();
    Duration::from_millis((fields[0] + fields[1]) * 10)
}
