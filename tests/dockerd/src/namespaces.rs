//! Network, mount and process namespaces, held open by a shell that is their first process.
//!
//! All processes of a daemon live in them: the end of the first one ends all and unmounts all. The kernel ends it with the
//! process of the test, however that ends.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The script of the first process. It hides `/run` and `/etc/docker`: no leftovers there, and no host's Docker.
const SET_UP: &str = r#"
set -e
mount -t tmpfs tmpfs /run
if [ -d /etc/docker ]; then mount -t tmpfs tmpfs /etc/docker; fi
ip link set lo up
ip link add br9 type bridge
ip addr add "$1" dev br9
ip link set br9 up
echo ready
sleep infinity &
wait
"#;

/// The namespaces. Drop ends every process in them.
#[derive(Debug)]
pub struct Namespaces {
    first: Pid,
    release: Option<Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

impl Namespaces {
    /// Makes namespaces with a loopback device and a bridge with this address (and prefix length).
    pub fn make(address: &str) -> Result<Self, String> {
        let (say, ready) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let address = address.to_owned();
        // The parent-death signal comes with the end of the thread that started a process: keep that thread.
        let keeper = thread::spawn(move || match start(&address) {
            Ok((mut child, first)) => {
                let _ = say.send(Ok(first));
                let _ = released.recv();
                let _ = kill(first, Signal::SIGKILL);
                // Returns once the process namespace is empty.
                let _ = child.wait();
            }
            Err(why) => {
                let _ = say.send(Err(why));
            }
        });
        let first = ready.recv().unwrap_or_else(|_| Err("the thread that makes it died".to_owned()))?;
        Ok(Self { first, release: Some(release), keeper: Some(keeper) })
    }

    /// The first process, by its id on the host.
    pub fn first(&self) -> Pid {
        self.first
    }

    /// A program in the network namespace alone, with the host's files and processes.
    pub fn in_network(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.first)).arg("--").arg(program);
        command
    }

    /// A program in all namespaces, as the child of the process of this command.
    pub fn inside(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.first.to_string(), "--net", "--mount", "--pid", "--", program]);
        command
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        drop(self.release.take());
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

fn start(address: &str) -> Result<(Child, Pid), String> {
    let mut child = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child=KILL"])
        .args(["--mount-proc", "--propagation", "private", "sh", "-c", SET_UP, "sh", address])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("setpriv: {error}"))?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        let _ = BufReader::new(stdout).read_line(&mut line);
    }
    if line == "ready\n"
        && let Some(first) = child_of(child.id())
    {
        return Ok((child, first));
    }
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        let _ = stderr.read_to_string(&mut said);
    }
    let _ = child.kill();
    let _ = child.wait();
    Err(said.trim().replace('\n', "; "))
}

/// The first child of a process.
pub fn child_of(parent: u32) -> Option<Pid> {
    let wanted = format!("PPid:\t{parent}");
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let number: i32 = entry.file_name().to_str()?.parse().ok()?;
        let status = fs::read_to_string(entry.path().join("status")).ok()?;
        status.lines().any(|line| line == wanted).then(|| Pid::from_raw(number))
    })
}
