//! A lab whose `up` or keeper is killed half-way leaves no trace, and can be made again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lab::{Lab, Seen, UpOptions, wait_until};

use crate::footprint::Footprint;
use crate::machine;

/// Files that mark the progress of an interrupted `up`.
const MOMENTS: [&str; 4] = ["upper", "console.log", "state.json", "docker/image"];

/// A started `lab up`, killed when dropped.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program() -> &'static str {
    env!("CARGO_BIN_EXE_lab")
}

fn folder(name: &str) -> PathBuf {
    lab::project().join("target/lab/labs").join(name)
}

/// Starts `lab up` and kills it as soon as a file of the lab exists.
fn interrupt(name: &str, moment: &Path) {
    let mut command = Command::new(program());
    command.args(["up", "--bare", "--name", name]).stdout(Stdio::null()).stderr(Stdio::null());
    let up = Started(command.spawn().unwrap());
    wait_until("the moment to interrupt", Duration::from_mins(1), || {
        Ok(if moment.exists() { Seen::Yes(()) } else { Seen::NotYet(moment.display().to_string()) })
    })
    .unwrap();
    drop(up);
}

/// True if labs cannot be killed here: a test cannot kill a process of sudo.
fn skipped(name: &str) -> bool {
    let why =
        Lab::why_not().or_else(|| (!nix::unistd::Uid::effective().is_root()).then(|| "it takes root's rights".into()));
    if let Some(why) = &why {
        println!("skipped: {name}: {why}");
    }
    why.is_some()
}

#[test]
fn an_interrupted_up_can_be_followed_by_down() {
    if skipped("an_interrupted_up_can_be_followed_by_down") {
        return;
    }
    let name = "test-cut-down";
    for moment in MOMENTS {
        interrupt(name, &folder(name).join(moment));
        let down = Command::new(program()).args(["down", "--name", name]).output().unwrap();
        assert!(down.status.success(), "{moment}: {}", String::from_utf8_lossy(&down.stderr));
        let left = Footprint::of(name);
        assert!(left.is_nothing(), "{moment}: {left:?}");
    }
}

#[test]
fn an_interrupted_up_can_be_followed_by_up() {
    if skipped("an_interrupted_up_can_be_followed_by_up") {
        return;
    }
    let name = "test-cut-up";
    for moment in MOMENTS {
        interrupt(name, &folder(name).join(moment));
        let lab = Lab::up(&UpOptions { bare: true, settle: false, ..UpOptions::named(name) }).expect(moment);
        assert!(lab.exec(&["true"]).unwrap().ok());
    }
    let left = Footprint::of(name);
    assert!(left.is_nothing(), "{left:?}");
}

#[test]
fn no_process_outlives_a_killed_keeper() {
    if skipped("no_process_outlives_a_killed_keeper") {
        return;
    }
    let name = "test-killed";
    let lab = machine(name).unwrap();
    lab.exec(&["docker", "swarm", "init", "--advertise-addr", "10.99.0.1"]).unwrap().text().unwrap();
    let path = folder(name).to_string_lossy().into_owned();
    let keeper = fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let words = fs::read(entry.path().join("cmdline")).ok()?;
        let is_keeper = words.ends_with(format!("\0keep\0{path}\0").as_bytes());
        if is_keeper { entry.file_name().to_str()?.parse::<i32>().ok() } else { None }
    });
    let pid = nix::unistd::Pid::from_raw(keeper.expect("there is a keeper"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    wait_until("the end of all processes", Duration::from_secs(20), || {
        let left = Footprint::of(name);
        Ok(if left.has_processes() { Seen::NotYet(format!("{left:?}")) } else { Seen::Yes(()) })
    })
    .unwrap();
    assert!(lab.exec(&["true"]).is_err());
    lab.down().unwrap();
    let left = Footprint::of(name);
    assert!(left.is_nothing(), "{left:?}");
}
