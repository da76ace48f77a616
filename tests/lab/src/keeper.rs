//! The two processes that hold a lab. All that a lab takes from this machine depends on them: mounts in a mount
//! namespace, processes in a process namespace, interfaces in a network namespace. All of it ends with them.
//!
//! `lab keep` holds the mounts and forwards the ports. Its child `lab boot` is process 1 of the process namespace and
//! boots systemd again after each reboot of it, each time in a new network namespace.

use std::fs;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use crate::command::{self, code, words};
use crate::control_group;
use crate::error::{Error, Result};
use crate::forward;
use crate::gitea;
use crate::layout::{self, Places};
use crate::wait::{Seen, wait_until};

/// Exit code of nspawn when the machine inside rebooted and no unit of this machine restarts it.
const REBOOT: i32 = 133;

/// The first order to the keeper of a lab for browsers.
const FOR_BROWSERS: &str = "for browsers";

/// State of the lab, written by the keeper.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    /// Port of this machine that is forwarded to the lab's port 443.
    pub https: u16,
    /// Port of this machine that is forwarded to the lab's port 80.
    pub http: u16,
    /// Port of this machine that is forwarded to the lab's Gitea.
    pub gitea: u16,
    /// True if links of the lab's programs open in a browser on this machine.
    pub for_browsers: bool,
}

impl State {
    pub fn read(places: &Places) -> Option<Self> {
        serde_json::from_slice(&fs::read(places.state()).ok()?).ok()
    }

    /// The port that links of the lab's programs must name, if it is not that of HTTPS.
    pub fn port_of_links(&self) -> Option<u16> {
        (self.for_browsers && self.https != 443).then_some(self.https)
    }
}

/// A started keeper, which waits for the lab's disk.
#[derive(Debug)]
pub(crate) struct Keeper {
    /// True when it has ended.
    pub has_ended: Arc<AtomicBool>,
    orders: ChildStdin,
}

impl Keeper {
    /// Writes one order; the keeper notices at the next one that its starter is gone.
    fn order(&mut self, text: &str) -> Result<()> {
        writeln!(self.orders, "{text}").map_err(|source| Error::Start { program: "the keeper".to_owned(), source })
    }

    /// Waits for the ports that the keeper has taken.
    pub fn state(&self, places: &Places) -> Result<State> {
        wait_until("the lab's ports", Duration::from_secs(20), || {
            if self.has_ended.load(Ordering::Relaxed) {
                let console = fs::read_to_string(places.console()).unwrap_or_default();
                return Err(Error::Ended { name: places.name.clone(), console });
            }
            Ok(State::read(places).map_or_else(|| Seen::NotYet("no port is taken yet".to_owned()), Seen::Yes))
        })
    }

    /// Boots the machine: its disk is written.
    pub fn boot(&mut self) -> Result<()> {
        self.order("boot")
    }
}

/// Starts the keeper so that it outlives its starter.
pub(crate) fn start(places: &Places, program: &Path, for_browsers: bool) -> Result<Keeper> {
    layout::make(&places.folder)?;
    let console = places.console();
    let open = || fs::OpenOptions::new().create(true).append(true).open(&console);
    let failed = || Error::file("write", &console);
    let (out, err) = (open().map_err(failed())?, open().map_err(failed())?);
    let mut command = if control_group::systemd_runs_here() {
        let mut command = Command::new("systemd-run");
        command.args(["--scope", "--quiet", "--collect", "--property=Delegate=yes"]);
        command.arg(format!("--unit={}", places.control_group())).arg("--").arg(program);
        command
    } else {
        Command::new(program)
    };
    command.arg("keep").arg(&places.folder).current_dir("/");
    // A process group of its own: Ctrl-C in the starter's terminal must not reach the lab.
    command.stdin(Stdio::piped()).stdout(out).stderr(err).process_group(0);
    let mut keeper = command.spawn().map_err(|source| Error::Start { program: words(&command), source })?;
    let orders = keeper.stdin.take();
    let has_ended = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&has_ended);
    std::thread::spawn(move || {
        // Waited for, so that it is no zombie of a process that outlives the lab.
        let _ = keeper.wait();
        end.store(true, Ordering::Relaxed);
    });
    let none = || Error::Start { program: words(&command), source: io::ErrorKind::BrokenPipe.into() };
    let mut keeper = Keeper { has_ended, orders: orders.ok_or_else(none)? };
    keeper.order(if for_browsers { FOR_BROWSERS } else { "" })?;
    Ok(keeper)
}

/// The next order of the starter; `None` if the starter is gone.
fn order() -> Result<Option<String>> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    let read = read.map_err(|source| Error::Start { program: "the keeper".to_owned(), source })?;
    Ok((read > 0).then(|| line.trim().to_owned()))
}

/// The program's role `keep`: ends when the lab's machine is off.
pub(crate) fn keep(folder: &Path) -> Result<i32> {
    let places = Places::of_folder(folder);
    // The starter's terminal may be closed.
    let _ = nix::unistd::setsid();
    control_group::enter(&places)?;
    let boot: forward::Boot = Arc::new(AtomicI32::new(0));
    // The sockets are opened before the namespaces: they belong to this machine's loopback.
    let Some(first) = order()? else { return Ok(0) };
    let for_browsers = first == FOR_BROWSERS;
    let listen = |own, port| if for_browsers { forward::listen(&[own, port]) } else { forward::listen(&[port]) };
    let https = listen(443, crate::HTTPS_PORT)?;
    let http = listen(80, crate::HTTP_PORT)?;
    let gitea = forward::listen(&[crate::GITEA_PORT])?;
    let state = State { https: https.1, http: http.1, gitea: gitea.1, for_browsers };
    let state =
        serde_json::to_vec(&state).map_err(|source| Error::Answer { what: "the lab's state".to_owned(), source })?;
    layout::write(&places.state(), &state, 0o644)?;
    // The ports are part of what the starter writes to the disk.
    if order()?.is_none() {
        return Ok(0);
    }
    forward::start(https.0, 443, Arc::clone(&boot));
    forward::start(http.0, 80, Arc::clone(&boot));
    forward::start(gitea.0, crate::GITEA_PORT, Arc::clone(&boot));

    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID).map_err(Error::system("make namespaces"))?;
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .map_err(Error::system("make the mounts private"))?;
    let layers = format!(
        "lowerdir={},upperdir={},workdir={}",
        layout::root_file_system().display(),
        places.upper().display(),
        places.work().display()
    );
    mount(Some("overlay"), &places.root(), Some("overlay"), MsFlags::empty(), Some(layers.as_str())).map_err(
        Error::system(format!(
            "mount an overlay ({layers}); it needs a disk's own file system below: $LAB_DIRECTORY names another folder"
        )),
    )?;

    let program = std::env::current_exe().map_err(Error::file("find", Path::new("/proc/self/exe")))?;
    let mut command = Command::new(program);
    command.arg("boot").arg(folder);
    let mut child = command.spawn().map_err(|source| Error::Start { program: words(&command), source })?;
    boot.store(i32::try_from(child.id()).unwrap_or(0), Ordering::Relaxed);
    let status = child.wait().map_err(|source| Error::Start { program: words(&command), source })?;
    Ok(code(status))
}

/// The program's role `boot`: process 1 of the lab's process namespace.
pub(crate) fn boot(folder: &Path) -> Result<i32> {
    let places = Places::of_folder(folder);
    // Ends with the keeper, and so does everything in the process namespace.
    set_pdeathsig(Signal::SIGKILL).map_err(Error::system("follow the keeper"))?;
    unshare(CloneFlags::CLONE_NEWNS).map_err(Error::system("make a mount namespace"))?;
    let none: Option<&str> = None;
    mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), none).map_err(Error::system("mount /proc"))?;
    loop {
        // Interfaces of the previous boot are gone, as on a machine that was off.
        unshare(CloneFlags::CLONE_NEWNET).map_err(Error::system("make a network namespace"))?;
        make_network()?;
        let mut machine = machine(&places);
        let status = machine.status().map_err(|source| Error::Start { program: words(&machine), source })?;
        if code(status) != REBOOT {
            return Ok(code(status));
        }
    }
}

fn make_network() -> Result<()> {
    let address = format!("{}/24", crate::ADDRESS);
    for line in [
        &["link", "set", "lo", "up"][..],
        &["link", "add", "lab0", "type", "bridge"],
        &["address", "add", &address, "dev", "lab0"],
        &["link", "set", "lab0", "up"],
    ] {
        command::text(Command::new("ip").args(line))?;
    }
    Ok(())
}

fn machine(places: &Places) -> Command {
    let mut command = Command::new("systemd-nspawn");
    command
        .env("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "1")
        // Docker sets /proc/sys/net/ipv4/ip_forward.
        .env("SYSTEMD_NSPAWN_API_VFS_WRITABLE", "network")
        .args(["--quiet", "--boot", "--register=no", "--keep-unit", "--console=pipe", "--notify-ready=no"])
        .args(["--network-namespace-path=/proc/self/ns/net", "--resolv-conf=off", "--timezone=off"])
        .args(["--capability=all", "--drop-capability=CAP_SYS_MODULE", "--system-call-filter=@keyring bpf"])
        .arg(format!("--machine=lab-{}", places.name))
        .arg("--hostname=lab")
        .arg(format!("--directory={}", places.root().display()))
        .arg(format!("--bind={}:/var/lib/docker", places.docker().display()))
        .arg(format!("--bind-ro={}:{}", places.images().display(), crate::IMAGES))
        .stdin(Stdio::null());
    if let Some((from, to)) = gitea::mount(places) {
        command.arg(format!("--bind-ro={}:{to}", from.display()));
    }
    command
}
