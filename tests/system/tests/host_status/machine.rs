//! A lab with `host-status` and made-up units.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use lab::{Configuration, Lab, Seen, UpOptions, wait_until};
use serde_json::{Value, json};

/// The directory of the file in the lab.
pub const DIRECTORY: &str = "/run/converge/host";

/// Module of a host with the service.
const MODULE: &str = "{ services.converge.hostStatus.enable = true; }";

/// The made-up units that are watched, with their content.
const WATCHED: [(&str, &str); 4] = [
    ("works.service", "[Service]\nType=oneshot\nRemainAfterExit=true\nExecStart=/bin/true\n"),
    ("fails.service", "[Service]\nExecStart=/bin/sh -c 'exit 3'\n"),
    ("secretless.service", "[Service]\nExecStart=/bin/true\nLoadCredential=token:/run/secrets/absent\n"),
    ("late.service", ""),
];

/// A lab in which `host-status` runs.
#[derive(Debug)]
pub struct Machine {
    pub lab: Lab,
    leader: i32,
}

impl Machine {
    /// `None`, with a line about the skipped test, if this machine cannot run labs.
    pub fn up(name: &str) -> Option<Self> {
        if let Some(why) = Lab::why_not() {
            println!("skipped: {name}: {why}");
            return None;
        }
        if !nix::unistd::Uid::effective().is_root() {
            println!("skipped: {name}: only root reads the processes of the lab");
            return None;
        }
        let lab = Lab::up(&UpOptions { replace: true, bare: true, ..UpOptions::named(name) }).expect("the lab boots");
        let words: Vec<String> =
            lab.command(&["true"]).unwrap().get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        let leader = words.iter().position(|word| word == "--target").map(|at| words[at + 1].parse().unwrap()).unwrap();
        let machine = Self { lab, leader };
        machine.lab.write_file("/usr/local/bin/host-status", &fs::read(program()).unwrap(), 0o755).unwrap();
        for (unit, content) in WATCHED {
            machine.write_unit(unit, content);
        }
        // The very unit of the NixOS module, with its sandbox.
        let host = Configuration::with_module(MODULE).unwrap();
        machine.write_unit("host-status.service", &host.files["/etc/systemd/system/host-status.service"]);
        let units: Vec<&str> = WATCHED.iter().map(|(unit, _)| *unit).collect();
        let settings = json!({ "units": units }).to_string();
        machine.lab.write_file("/etc/converge/host-status.json", settings.as_bytes(), 0o644).unwrap();
        machine.shell("systemctl daemon-reload && systemctl start host-status");
        Some(machine)
    }

    /// Writes the file of a unit; an empty content writes none.
    pub fn write_unit(&self, name: &str, content: &str) {
        if !content.is_empty() {
            self.lab.write_file(&format!("/etc/systemd/system/{name}"), content.as_bytes(), 0o644).unwrap();
        }
    }

    /// Runs a line of shell that must succeed.
    pub fn shell(&self, line: &str) -> String {
        let said = self.lab.exec(&["sh", "-c", line]).unwrap();
        assert!(said.ok(), "{line}: {} {}\n{}", said.stdout, said.stderr, self.journal());
        said.stdout.trim().to_owned()
    }

    fn journal(&self) -> String {
        self.lab.exec(&["journalctl", "--no-pager", "-n", "60"]).map(|said| said.stdout).unwrap_or_default()
    }

    /// A path of the lab on this machine.
    pub fn outside(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.leader))
    }

    /// The document; null while there is none.
    pub fn document(&self) -> Value {
        let text = fs::read(self.outside(&format!("{DIRECTORY}/host.json"))).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// A unit in the document.
    pub fn unit(&self, name: &str) -> Value {
        let document = self.document();
        let units = document["units"].as_array().cloned().unwrap_or_default();
        units.into_iter().find(|unit| unit["unit"] == name).unwrap_or_default()
    }

    /// Waits until the document is as wanted, and returns the time that took.
    pub fn until(&self, what: &str, within: Duration, mut is_it: impl FnMut(&Value) -> bool) -> Duration {
        let began = Instant::now();
        wait_until(what, within, || {
            let document = self.document();
            Ok(if is_it(&document) { Seen::Yes(()) } else { Seen::NotYet(document.to_string()) })
        })
        .unwrap_or_else(|error| panic!("{error}\n{}", self.journal()));
        began.elapsed()
    }

    /// Waits until the document has a unit in this active state.
    pub fn until_unit(&self, name: &str, active: &str, within: Duration) -> Duration {
        self.until(&format!("{name} to be {active}"), within, |_| self.unit(name)["active"] == active)
    }

    /// The process id of `host-status` on this machine.
    pub fn pid(&self) -> i32 {
        let inside = self.shell("systemctl show --value --property MainPID host-status");
        let is_it = |status: &str| {
            status.lines().any(|line| line.starts_with("NSpid:") && line.split_whitespace().last() == Some(&inside))
        };
        let in_lab = |pid: i32| {
            let space = |pid: i32| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
            space(pid).is_some_and(|found| Some(found) == space(self.leader))
        };
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let all = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        all.filter(|pid| in_lab(*pid))
            .find(|pid| fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|status| is_it(&status)))
            .expect("host-status runs")
    }
}

/// The program of this test's build, or `HOST_STATUS`.
fn program() -> PathBuf {
    let built = || std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("host-status");
    std::env::var_os("HOST_STATUS").map_or_else(built, PathBuf::from)
}

/// The number in a line of `/proc/<pid>/task/<tid>/status`, summed over all threads.
pub fn of_threads(pid: i32, key: &str) -> u64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    let texts = threads.filter_map(|thread| fs::read_to_string(thread.path().join("status")).ok());
    texts.map(|text| number(&text, key)).sum()
}

/// Resident memory in KiB: all of it, and the part that no file backs.
pub fn memory(pid: i32) -> (u64, u64) {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    (number(&text, "VmRSS:"), number(&text, "RssAnon:"))
}

fn number(text: &str, key: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with(key)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
