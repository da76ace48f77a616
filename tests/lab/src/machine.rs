//! A lab, from `up` to `down`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::certificate::{Authority, Pair};
use crate::command::{self, Output, privileged};
use crate::configuration::Configuration;
use crate::error::{Error, Result};
use crate::furnish::SECRETS;
use crate::gitea::Gitea;
use crate::keeper::State;
use crate::layout::{self, Places};
use crate::life::{self, UpOptions};
use crate::process;
use crate::switch::{self, Switched};
use crate::wait::{Seen, wait_until};

/// Timeout until systemd answers.
const BOOT: Duration = Duration::from_mins(1);

/// Timeout for everything that starts at boot: the longest run of a converger, and a reserve.
const SETTLE: Duration = Duration::from_secs(400);

/// A running lab.
#[derive(Debug)]
pub struct Lab {
    places: Places,
    /// True if the lab ends with this value.
    is_owned: bool,
}

impl Lab {
    /// The lab with these paths; goes on when the value is dropped.
    pub(crate) fn at(places: &Places) -> Self {
        Self { places: places.clone(), is_owned: false }
    }

    /// A running lab; goes on when the value is dropped.
    pub fn find(name: &str) -> Result<Self> {
        let places = Places::new(name)?;
        if !life::is_alive(&places) {
            return Err(Error::NotRunning { name: places.name });
        }
        Ok(Self::at(&places))
    }

    /// The names of all labs, each with true if it runs.
    pub fn list() -> Vec<(String, bool)> {
        let entries = fs::read_dir(layout::base().join("labs")).into_iter().flatten().flatten();
        let places = entries.map(|entry| Places::of_folder(&entry.path()));
        let mut labs: Vec<_> = places.map(|places| (places.name.clone(), life::is_alive(&places))).collect();
        labs.sort();
        labs
    }

    /// Makes and boots a lab. The lab ends with the value, unless `keep` is called.
    pub fn up(options: &UpOptions) -> Result<Self> {
        let places = life::up(options)?;
        Ok(Self { places, is_owned: true })
    }

    /// The reason why this machine cannot run a lab, if any: tests skip then.
    pub fn why_not() -> Option<String> {
        life::why_not()
    }

    /// Ends the lab of this name, or the remains of an interrupted `up` or `down`.
    pub fn clear(name: &str) -> Result<()> {
        life::end(&Places::new(name)?)
    }

    /// Lets the lab go on when this value is dropped.
    #[must_use]
    pub fn keep(mut self) -> Self {
        self.is_owned = false;
        self
    }

    /// Ends the lab and removes all of its files.
    pub fn down(mut self) -> Result<()> {
        self.is_owned = false;
        Self::clear(&self.places.name)
    }

    /// The lab's name.
    pub fn name(&self) -> &str {
        &self.places.name
    }

    /// The domain of the lab's apps.
    pub fn domain(&self) -> &'static str {
        crate::DOMAIN
    }

    /// File of the certificate of the authority that signed the lab's certificate (PEM).
    pub fn ca_file(&self) -> PathBuf {
        self.places.authority().join("ca.pem")
    }

    /// Port on this machine's loopback that is forwarded to the lab's HTTPS port.
    pub fn https_port(&self) -> Result<u16> {
        Ok(self.state()?.https)
    }

    /// Port on this machine's loopback that is forwarded to the lab's HTTP port.
    pub fn http_port(&self) -> Result<u16> {
        Ok(self.state()?.http)
    }

    /// The URL of an app (`hello` → `https://hello.ci.localhost:8443`) for a browser on this machine.
    pub fn address(&self, app: &str) -> Result<String> {
        let port = self.https_port()?;
        let port = if port == 443 { String::new() } else { format!(":{port}") };
        Ok(format!("https://{}{port}", crate::host(app)))
    }

    /// The lab's Gitea; an error for a bare lab.
    pub fn gitea(&self) -> Result<Gitea> {
        Gitea::of(&self.places, self.state()?.gitea)
    }

    /// The authority that signs the lab's certificates; only root can read the key.
    pub fn authority(&self) -> Result<Authority> {
        let read = |name: &str| {
            let path = self.places.authority().join(name);
            fs::read_to_string(&path).map_err(Error::file("read", &path))
        };
        Authority::of(&read("ca.pem")?, &read("ca.key")?)
    }

    /// Installs another certificate, as sops-nix does; the unit that reads it is not restarted.
    pub fn set_certificate(&self, pair: &Pair) -> Result<()> {
        for folder in [SECRETS, "/run/secrets"] {
            self.write_file(&format!("{folder}/fullchain"), pair.fullchain.as_bytes(), 0o400)?;
            self.write_file(&format!("{folder}/privkey"), pair.privkey.as_bytes(), 0o400)?;
        }
        Ok(())
    }

    /// The lab's network namespace, for `setns`.
    pub fn network_namespace(&self) -> Result<PathBuf> {
        let leader = self.leader().ok_or_else(|| Error::NotRunning { name: self.places.name.clone() })?;
        Ok(format!("/proc/{leader}/ns/net").into())
    }

    /// A command within the lab, to which arguments and streams can be added.
    pub fn command(&self, words: &[&str]) -> Result<Command> {
        let leader = self.leader().ok_or_else(|| Error::NotRunning { name: self.places.name.clone() })?;
        let leader = leader.to_string();
        let mut command = privileged("nsenter");
        command.args(["--target", &leader, "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--"]);
        // Of this machine's environment, only the kind of terminal.
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

    /// Runs a program within the lab, with bytes on its stdin.
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

    /// Switches to a configuration, as NixOS's `switch` does.
    pub fn switch(&self, configuration: &Configuration) -> Result<Switched> {
        let port = self.state()?.port_of_links();
        switch::switch(self, &configuration.clone().with_port_of_links(port)?)
    }

    /// Reboots the lab's machine and waits until everything that starts at boot has started.
    pub fn reboot(&self) -> Result<()> {
        let before = self.leader();
        // The answer may be lost with the machine.
        self.exec(&["systemctl", "reboot"])?;
        self.wait_for_systemd(before, &|| !life::is_alive(&self.places))?;
        self.settle(|_| ())
    }

    /// The failed units.
    pub fn failed_units(&self) -> Result<Vec<String>> {
        let list = ["systemctl", "list-units", "--plain", "--no-legend", "--state=failed"];
        let list = self.exec(&list)?.text()?;
        Ok(list.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
    }

    /// Waits until no job is running; `failed_units` tells which units failed.
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

    /// Waits until a systemd other than the one before answers.
    pub(crate) fn wait_for_systemd(&self, before: Option<i32>, has_ended: &dyn Fn() -> bool) -> Result<()> {
        let console = || fs::read_to_string(self.places.console()).unwrap_or_default();
        wait_until("the lab's boot", BOOT, || {
            if has_ended() {
                return Err(Error::Ended { name: self.places.name.clone(), console: console() });
            }
            let Some(leader) = self.leader() else { return Ok(Seen::NotYet(console())) };
            if Some(leader) == before || State::read(&self.places).is_none() {
                return Ok(Seen::NotYet("the machine still shuts down".to_owned()));
            }
            let said = match self.exec(&["systemctl", "is-system-running"]) {
                // The process ended meanwhile.
                Err(Error::NotRunning { .. }) => return Ok(Seen::NotYet(console())),
                said => said?,
            };
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
