//! A lab, from `up` to `down`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::certificate::{Authority, Pair};
use crate::command::{self, Output, is_root, privileged, privileged_lab};
use crate::configuration::Configuration;
use crate::control_group;
use crate::error::{Error, Result};
use crate::furnish::{SECRETS, binary, furnish};
use crate::keeper::{self, State};
use crate::layout::{self, Places};
use crate::process;
use crate::switch::{self, Switched};
use crate::wait::{Seen, wait_until};

/// How long systemd may take until it can be talked to.
const BOOT: Duration = Duration::from_mins(1);

/// How long everything that starts at boot may take: the longest run of a converger, and some.
const SETTLE: Duration = Duration::from_secs(400);

/// How a lab is made.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is one flag of `lab up`")]
pub struct UpOptions {
    /// Its name; labs of different names run side by side.
    pub name: String,
    /// What it boots; the lab's own host where none is given.
    pub configuration: Option<Configuration>,
    /// Another program in the place of the stand-in for abra (else `$LAB_ABRA`).
    pub abra: Option<PathBuf>,
    /// Whether it has a certificate in /run/secrets.
    pub certificate: bool,
    /// Only the machine: no program and no configuration of this project.
    pub bare: bool,
    /// Whether to wait until everything that starts at boot has started.
    pub settle: bool,
    /// Whether to end a lab of the same name first.
    pub replace: bool,
    /// Called with what is being done, and what is waited for.
    pub tell: fn(&str),
}

impl Default for UpOptions {
    fn default() -> Self {
        Self {
            name: "lab".to_owned(),
            configuration: None,
            abra: std::env::var_os("LAB_ABRA").map(PathBuf::from),
            certificate: true,
            bare: false,
            settle: true,
            replace: false,
            tell: |_| (),
        }
    }
}

impl UpOptions {
    /// The defaults, under a name.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

/// A running lab.
#[derive(Debug)]
pub struct Lab {
    places: Places,
    /// Ended when this value is dropped.
    is_owned: bool,
}

impl Lab {
    /// Makes and boots a lab. It ends when the value is dropped, unless `keep` is called.
    pub fn up(options: &UpOptions) -> Result<Self> {
        let places = Places::new(&options.name)?;
        if !is_root() {
            return Self::up_through_sudo(options, places);
        }
        let lock = lock(&places)?;
        if is_alive(&places) && !options.replace {
            return Err(Error::Running { name: places.name });
        }
        clear(&places)?;
        check_cache()?;
        let lab = Self { places, is_owned: true };
        (options.tell)("evaluating the configuration");
        let configuration = match &options.configuration {
            Some(given) => given.clone(),
            None if options.bare => Configuration::default(),
            None => Configuration::of_the_lab()?,
        };
        (options.tell)("writing the lab's disk");
        furnish(&lab.places, options, &configuration)?;
        (options.tell)("booting");
        keeper::start(&lab.places, &binary("lab")?)?;
        drop(lock);
        lab.wait_for_systemd(None)?;
        if options.settle {
            lab.settle(options.tell)?;
        }
        Ok(lab)
    }

    /// The same by the program `lab` with root's rights.
    fn up_through_sudo(options: &UpOptions, places: Places) -> Result<Self> {
        let mut command = privileged_lab(&binary("lab")?);
        command.args(["up", "--name", &places.name]);
        let given = layout::base().join(format!("configuration-{}.json", std::process::id()));
        if let Some(configuration) = &options.configuration {
            let json = serde_json::to_vec(configuration)
                .map_err(|source| Error::Answer { what: "the configuration".to_owned(), source })?;
            layout::write(&given, &json, 0o644)?;
            command.arg("--configuration").arg(&given);
        }
        if let Some(abra) = &options.abra {
            command.arg("--abra").arg(abra);
        }
        let flags = [
            ("--without-certificate", !options.certificate),
            ("--bare", options.bare),
            ("--no-settle", !options.settle),
            ("--replace", options.replace),
        ];
        command.args(flags.into_iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| flag));
        let done = command::text(&mut command);
        // Not there when the lab's own host was asked for.
        let _ = fs::remove_file(&given);
        done?;
        Ok(Self { places, is_owned: true })
    }

    /// A lab that runs already; dropping the value does not end it.
    pub fn find(name: &str) -> Result<Self> {
        let places = Places::new(name)?;
        if !is_alive(&places) {
            return Err(Error::NotRunning { name: places.name });
        }
        Ok(Self { places, is_owned: false })
    }

    /// The names of all labs that are there, with whether each runs.
    pub fn list() -> Vec<(String, bool)> {
        let entries = fs::read_dir(layout::base().join("labs")).into_iter().flatten().flatten();
        let places = entries.map(|entry| Places::of_folder(&entry.path()));
        let mut labs: Vec<_> = places.map(|places| (places.name.clone(), is_alive(&places))).collect();
        labs.sort();
        labs
    }

    /// Ends the lab of this name, or what an interrupted `up` or `down` left of it.
    pub fn clear(name: &str) -> Result<()> {
        let places = Places::new(name)?;
        if !is_root() {
            command::text(privileged_lab(&binary("lab")?).args(["down", "--name", name]))?;
            return Ok(());
        }
        let _lock = lock(&places)?;
        clear(&places)
    }

    /// Lets the lab run on when this value is dropped.
    #[must_use]
    pub fn keep(mut self) -> Self {
        self.is_owned = false;
        self
    }

    /// Ends the lab and removes everything of it.
    pub fn down(mut self) -> Result<()> {
        self.is_owned = false;
        Self::clear(&self.places.name)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.places.name
    }

    /// The domain below which its apps are.
    pub fn domain(&self) -> &'static str {
        crate::DOMAIN
    }

    /// The certificate of the authority that signed the lab's certificate (PEM).
    pub fn ca_file(&self) -> PathBuf {
        self.places.authority().join("ca.pem")
    }

    /// The port on this machine's loopback that leads to the lab's HTTPS port.
    pub fn https_port(&self) -> Result<u16> {
        Ok(self.state()?.https)
    }

    /// The port on this machine's loopback that leads to the lab's HTTP port.
    pub fn http_port(&self) -> Result<u16> {
        Ok(self.state()?.http)
    }

    /// The address of an app (`hello` → `https://hello.ci.localhost:8443`), as a browser on this machine opens it.
    pub fn address(&self, app: &str) -> Result<String> {
        Ok(format!("https://{app}.{}:{}", crate::DOMAIN, self.https_port()?))
    }

    /// The authority that signs the lab's certificates (only root reads its key).
    pub fn authority(&self) -> Result<Authority> {
        let read = |name: &str| {
            let path = self.places.authority().join(name);
            fs::read_to_string(&path).map_err(Error::file("read", &path))
        };
        Authority::of(&read("ca.pem")?, &read("ca.key")?)
    }

    /// Puts another certificate in place, as sops-nix would; the unit that reads it is not restarted.
    pub fn set_certificate(&self, pair: &Pair) -> Result<()> {
        for folder in [SECRETS, "/run/secrets"] {
            self.write_file(&format!("{folder}/fullchain"), pair.fullchain.as_bytes(), 0o400)?;
            self.write_file(&format!("{folder}/privkey"), pair.privkey.as_bytes(), 0o400)?;
        }
        Ok(())
    }

    /// A command that runs within the lab, with its words still to be added to and its streams to be set.
    pub fn command(&self, words: &[&str]) -> Result<Command> {
        let leader = self.leader().ok_or_else(|| Error::NotRunning { name: self.places.name.clone() })?;
        let leader = leader.to_string();
        let mut command = privileged("nsenter");
        command.args(["--target", &leader, "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--"]);
        // Nothing of this machine's environment but the kind of terminal.
        let terminal = std::env::var("TERM").unwrap_or_else(|_| "dumb".to_owned());
        command.args(["env", "--ignore-environment", "HOME=/root", "LANG=C.UTF-8", "ABRA_DIR=/var/lib/converge/abra"]);
        command
            .arg("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .arg(format!("TERM={terminal}"));
        command.args(words);
        Ok(command)
    }

    /// Runs a program within the lab to its end.
    pub fn exec(&self, words: &[&str]) -> Result<Output> {
        command::run(&mut self.command(words)?)
    }

    /// The same, with something on its stdin.
    pub fn exec_with(&self, words: &[&str], input: &[u8]) -> Result<Output> {
        command::run_with(&mut self.command(words)?, Some(input))
    }

    /// The content of a file within the lab.
    pub fn read_file(&self, path: &str) -> Result<String> {
        Ok(self.exec(&["cat", "--", path])?.done()?.stdout)
    }

    /// Writes a file within the lab, by rename.
    pub fn write_file(&self, path: &str, content: &[u8], mode: u32) -> Result<()> {
        let script = "mkdir -p \"${1%/*}\" && umask 077 && cat > \"$1.partial\" && chmod \"$2\" \"$1.partial\" && mv \"$1.partial\" \"$1\"";
        self.exec_with(&["sh", "-c", script, "sh", path, &format!("{mode:o}")], content)?.text()?;
        Ok(())
    }

    /// Does what NixOS's `switch` does, with a configuration.
    pub fn switch(&self, configuration: &Configuration) -> Result<Switched> {
        switch::switch(self, configuration)
    }

    /// Restarts the lab's machine and waits until everything that starts at boot has started.
    pub fn reboot(&self) -> Result<()> {
        let before = self.leader();
        // The answer may be lost with the machine that gives it.
        self.exec(&["systemctl", "reboot"])?;
        self.wait_for_systemd(before)?;
        self.settle(|_| ())
    }

    /// The failed units.
    pub fn failed_units(&self) -> Result<Vec<String>> {
        let list = ["systemctl", "list-units", "--plain", "--no-legend", "--state=failed"];
        let list = self.exec(&list)?.text()?;
        Ok(list.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
    }

    /// Waits until nothing is starting any more; whether it started well is `failed_units`'s to say.
    pub fn settle(&self, tell: impl Fn(&str)) -> Result<()> {
        wait_until("the end of the boot", SETTLE, || {
            let state = self.exec(&["systemctl", "is-system-running"])?.stdout;
            if matches!(state.trim(), "running" | "degraded") {
                return Ok(Seen::Yes(()));
            }
            let jobs = self.exec(&["systemctl", "list-jobs", "--plain", "--no-legend"])?.stdout;
            let running = jobs.lines().filter(|line| line.ends_with("running"));
            let running: Vec<&str> = running.filter_map(|line| line.split_whitespace().nth(1)).collect();
            let waiting = format!("waiting for {}", running.join(", "));
            tell(if running.is_empty() { "starting" } else { &waiting });
            Ok(Seen::NotYet(jobs))
        })
    }

    fn state(&self) -> Result<State> {
        State::read(&self.places).ok_or_else(|| Error::NotRunning { name: self.places.name.clone() })
    }

    fn leader(&self) -> Option<i32> {
        process::with_role("boot", &self.places.folder).into_iter().find_map(process::leader)
    }

    /// Waits until another systemd than the one before can be talked to.
    fn wait_for_systemd(&self, before: Option<i32>) -> Result<()> {
        let console = || fs::read_to_string(self.places.console()).unwrap_or_default();
        wait_until("the lab's boot", BOOT, || {
            let Some(leader) = self.leader() else { return Ok(Seen::NotYet(console())) };
            if Some(leader) == before || State::read(&self.places).is_none() {
                return Ok(Seen::NotYet("the machine still shuts down".to_owned()));
            }
            let said = self.exec(&["systemctl", "is-system-running"])?;
            let is_up = matches!(said.stdout.trim(), "initializing" | "starting" | "running" | "degraded");
            Ok(if is_up { Seen::Yes(()) } else { Seen::NotYet(format!("{}{}", said.stdout, console())) })
        })
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if self.is_owned
            && let Err(error) = Self::clear(&self.places.name)
        {
            eprintln!("lab `{}` is not gone: {error}", self.places.name);
        }
    }
}

fn is_alive(places: &Places) -> bool {
    !process::with_role("keep", &places.folder).is_empty()
}

/// Makes other commands on the same lab wait until this one has done its part.
fn lock(places: &Places) -> Result<Flock<fs::File>> {
    let path = places.lock();
    if let Some(folder) = path.parent() {
        layout::make(folder)?;
    }
    let file = fs::File::create(&path).map_err(Error::file("write", &path))?;
    Flock::lock(file, FlockArg::LockExclusive)
        .map_err(|(_, source)| Error::System { what: format!("lock {}", path.display()), source })
}

/// Ends a lab's processes and removes its files; all of it may be half there or gone already.
fn clear(places: &Places) -> Result<()> {
    wait_until("the end of the lab's processes", Duration::from_secs(30), || {
        let roles = ["keep", "boot"].iter().flat_map(|role| process::with_role(role, &places.folder));
        let alive: Vec<i32> = roles.collect();
        for pid in &alive {
            // It may have ended since it was seen.
            let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
        }
        Ok(if alive.is_empty() { Seen::Yes(()) } else { Seen::NotYet(format!("{alive:?} are still there")) })
    })?;
    control_group::remove(places)?;
    match fs::remove_dir_all(&places.folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::file("remove", &places.folder)(error)),
        _ => Ok(()),
    }
}

fn check_cache() -> Result<()> {
    let missing = [("the root file system", layout::root_file_system()), ("the images", layout::images())];
    match missing.into_iter().find(|(_, path)| !path.is_dir()) {
        None => Ok(()),
        Some((what, path)) => Err(Error::Missing {
            what: what.to_owned(),
            path,
            hint: "make it with `cargo run -p lab -- setup`".to_owned(),
        }),
    }
}
