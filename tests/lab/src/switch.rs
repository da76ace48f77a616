//! Switches the lab's units as NixOS's `switch-to-configuration` does, in the same order.

mod actions;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use actions::actions;

use crate::configuration::Configuration;
use crate::error::{Error, Result};
use crate::machine::Lab;
use crate::unit_file::UnitFile;
use crate::wait::{Seen, wait_until};

/// The installed configuration, kept within the lab.
pub(crate) const GENERATION: &str = "/var/lib/lab/generation.json";

/// Time without a change after which the units have settled.
const QUIET: Duration = Duration::from_millis(250);
/// Longest wait for that.
const SETTLE: Duration = Duration::from_secs(90);

/// Effects of a switch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Switched {
    /// Units stopped before the new files were written.
    pub stopped: Vec<String>,
    /// Changed units that go on with their old program.
    pub not_restarted: Vec<String>,
    /// Units reloaded.
    pub reloaded: Vec<String>,
    /// Units restarted.
    pub restarted: Vec<String>,
    /// Units started; a target that was active already starts its wanted units that are not running.
    pub started: Vec<String>,
    /// Files written or removed.
    pub files: Vec<String>,
    /// Units that failed, or start again and again: a real switch ends with exit code 4 then.
    pub failed: Vec<String>,
    /// Output of `systemctl status` for the failed ones.
    pub status: String,
}

impl Switched {
    /// The effects, or an error if a unit failed.
    pub fn ok(self) -> Result<Self> {
        if self.failed.is_empty() {
            Ok(self)
        } else {
            Err(Error::UnitsFailed { units: self.failed, status: self.status })
        }
    }
}

/// Switches the lab to a configuration.
pub(crate) fn switch(lab: &Lab, new: &Configuration) -> Result<Switched> {
    let old = Configuration::read(&lab.read_file(GENERATION)?, GENERATION)?;
    let active = active_units(lab)?;
    let mut actions = actions(&old, new, &active);
    let mut failed = BTreeSet::new();
    let stopped = systemctl(lab, "stop", &actions.stop, &mut failed)?;
    let not_restarted = actions.skip.iter().cloned().collect();
    let files = put_in_place(lab, &old, new)?;
    let mut done = Switched { stopped, not_restarted, files, ..Switched::default() };
    lab.exec(&["sh", "-c", "systemctl reset-failed; systemctl daemon-reload"])?.text()?;
    if done.files.iter().any(|path| path.starts_with("/etc/tmpfiles.d/")) {
        // sysinit-reactivation.target restarts systemd-tmpfiles-resetup.service.
        lab.exec(&["systemd-tmpfiles", "--create", "--remove", "--exclude-prefix=/dev"])?.text()?;
    }
    start_in_place_of_reload(lab, new, &mut actions)?;
    done.reloaded = systemctl(lab, "reload", &actions.reload, &mut failed)?;
    done.restarted = systemctl(lab, "restart", &actions.restart, &mut failed)?;
    done.started = systemctl(lab, "start", &actions.start, &mut failed)?;
    // The real one waits at every switch; without a change there is nothing to wait for.
    if !done.files.is_empty() {
        settle(lab)?;
    }
    failed.extend(lab.failed_units()?);
    failed.extend(crash_looping(lab)?);
    done.failed = failed.into_iter().collect();
    if !done.failed.is_empty() {
        let mut words = vec!["systemctl", "status", "--no-pager", "--full", "--lines=8"];
        words.extend(done.failed.iter().map(String::as_str));
        done.status = lab.exec(&words)?.stdout;
    }
    Ok(done)
}

/// A unit that stopped with one that it requires cannot be reloaded; it is started.
fn start_in_place_of_reload(lab: &Lab, new: &Configuration, actions: &mut actions::Actions) -> Result<()> {
    if actions.reload.is_empty() {
        return Ok(());
    }
    let active = active_units(lab)?;
    for unit in std::mem::take(&mut actions.reload) {
        if active.contains_key(&unit) {
            actions.reload.insert(unit);
        } else if !UnitFile::parse(&new.unit(&unit)).flag("Unit", "RefuseManualStart", false) {
            actions.start.insert(unit);
        }
    }
    Ok(())
}

/// Waits until the states of all units stay the same for a moment: a service that ends right after its start is seen.
fn settle(lab: &Lab) -> Result<()> {
    let states = || lab.exec(&["systemctl", "list-units", "--all", "--plain", "--no-legend"])?.text();
    let mut before = states()?;
    wait_until("the units to settle", SETTLE, || {
        std::thread::sleep(QUIET);
        let now = states()?;
        let is_quiet = now == before;
        before = now;
        Ok(if is_quiet { Seen::Yes(()) } else { Seen::NotYet("units start and stop".to_owned()) })
    })
    // The real one goes on after the longest wait.
    .or_else(|error| if matches!(error, Error::Deadline { .. }) { Ok(()) } else { Err(error) })
}

/// The services that systemd is about to start again after a failure.
fn crash_looping(lab: &Lab) -> Result<Vec<String>> {
    let list = ["systemctl", "list-units", "--plain", "--no-legend", "--type=service", "--state=auto-restart"];
    let list = lab.exec(&list)?.text()?;
    let names: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut words = vec!["systemctl", "show", "--property=Id,ExecMainStatus", "--"];
    words.extend(&names);
    let shown = lab.exec(&words)?.text()?;
    let failed = shown.split("\n\n").filter(|block| !block.lines().any(|line| line == "ExecMainStatus=0"));
    Ok(failed.filter_map(|block| block.lines().find_map(|line| line.strip_prefix("Id="))).map(str::to_owned).collect())
}

/// The active units, each with true if it may be started by hand.
fn active_units(lab: &Lab) -> Result<BTreeMap<String, bool>> {
    let shown = lab.exec(&["systemctl", "show", "--property=Id,ActiveState,RefuseManualStart", "*"])?.text()?;
    let units = shown.split("\n\n").filter_map(|block| {
        let value = |key: &str| block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        let is_active = matches!(value("ActiveState"), Some("active" | "activating"));
        Some((value("Id").filter(|_| is_active)?.to_owned(), value("RefuseManualStart") != Some("yes")))
    });
    Ok(units.collect())
}

/// Runs systemctl for the units, if any, and adds those whose job failed.
fn systemctl(lab: &Lab, verb: &str, units: &BTreeSet<String>, failed: &mut BTreeSet<String>) -> Result<Vec<String>> {
    if !units.is_empty() {
        let mut words = vec!["systemctl", verb, "--"];
        words.extend(units.iter().map(String::as_str));
        failed.extend(of_failed_jobs(&lab.exec(&words)?.stderr));
    }
    Ok(units.iter().cloned().collect())
}

/// The units that systemctl names in its errors.
fn of_failed_jobs(errors: &str) -> Vec<String> {
    let unit = |line: &str| {
        let after =
            ["A dependency job for ", "Job for ", "Failed to start ", "Failed to restart ", "Failed to reload "];
        let rest = after.iter().find_map(|words| line.strip_prefix(words))?;
        Some(rest.split([' ', ':']).next()?.to_owned())
    };
    errors.lines().filter_map(unit).collect()
}

/// Writes changed files, removes those that are no longer declared, and updates the links of wanted units.
fn put_in_place(lab: &Lab, old: &Configuration, new: &Configuration) -> Result<Vec<String>> {
    let mut touched = Vec::new();
    for path in old.files.keys().filter(|path| !new.files.contains_key(*path)) {
        lab.exec(&["rm", "-f", "--", path])?.text()?;
        touched.push(path.clone());
    }
    for (path, content) in &new.files {
        if old.files.get(path) != Some(content) || old.mode(path) != new.mode(path) {
            lab.write_file(path, content.as_bytes(), new.mode(path))?;
            touched.push(path.clone());
        }
    }
    for link in old.links.keys().filter(|link| !new.links.contains_key(*link)) {
        lab.exec(&["rm", "-f", "--", link])?.text()?;
    }
    for (link, target) in new.links.iter().filter(|(link, target)| old.links.get(*link) != Some(target)) {
        lab.exec(&["sh", "-c", "mkdir -p \"${1%/*}\" && ln -sfn \"$2\" \"$1\"", "sh", link, target])?.text()?;
    }
    if old != new {
        let generation = serde_json::to_vec(new)
            .map_err(|source| Error::Answer { what: "the new configuration".to_owned(), source })?;
        lab.write_file(GENERATION, &generation, 0o600)?;
    }
    Ok(touched)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_jobs_are_read_from_systemctls_errors() {
        let errors = "\
Job for one.service failed because the control process exited with error code.
See \"systemctl status one.service\" and \"journalctl -xeu one.service\" for details.
A dependency job for two.service failed. See 'journalctl -xe' for details.
Failed to start three.service: Unit three.service not found.
";
        assert_eq!(of_failed_jobs(errors), ["one.service", "two.service", "three.service"]);
        assert_eq!(of_failed_jobs("Warning: x"), [""; 0]);
    }
}
