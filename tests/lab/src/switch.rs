//! Switches the lab's units as NixOS's `switch-to-configuration` does, in the same order.

use std::collections::{BTreeMap, BTreeSet};

use crate::configuration::{Configuration, UNITS};
use crate::error::{Error, Result};
use crate::machine::Lab;
use crate::unit_file::{Difference, UnitFile};

/// The installed configuration, kept within the lab.
pub(crate) const GENERATION: &str = "/var/lib/lab/generation.json";

/// Docker's settings; on NixOS they are an argument of docker.service, so that a change restarts it.
const DOCKER_SETTINGS: &str = "/etc/docker/daemon.json";

/// Targets and kinds that a switch never stops or restarts on their own.
const LEFT_ALONE: [&str; 4] = ["sysinit.target", "basic.target", "multi-user.target", "graphical.target"];

/// Effects of a switch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Switched {
    /// Units stopped before the new files were written.
    pub stopped: Vec<String>,
    /// Units reloaded.
    pub reloaded: Vec<String>,
    /// Units restarted.
    pub restarted: Vec<String>,
    /// Units started; a target that was active already starts its wanted units that are not running.
    pub started: Vec<String>,
    /// Files written or removed.
    pub files: Vec<String>,
    /// Units that are failed afterwards: a real switch ends with exit code 4 then.
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

/// Actions on units.
#[derive(Debug, Default, PartialEq, Eq)]
struct Actions {
    stop: BTreeSet<String>,
    reload: BTreeSet<String>,
    restart: BTreeSet<String>,
    start: BTreeSet<String>,
}

/// Switches the lab to a configuration.
pub(crate) fn switch(lab: &Lab, new: &Configuration) -> Result<Switched> {
    let old = Configuration::read(&lab.read_file(GENERATION)?, GENERATION)?;
    let active = active_units(lab)?;
    let actions = actions(&old, new, &active);
    let stopped = systemctl(lab, "stop", &actions.stop)?;
    let files = put_in_place(lab, &old, new)?;
    let mut done = Switched { stopped, files, ..Switched::default() };
    if done.files.iter().any(|path| path.starts_with("/etc/tmpfiles.d/")) {
        // NixOS restarts systemd-tmpfiles-resetup.service.
        lab.exec(&["systemd-tmpfiles", "--create", "--remove", "--exclude-prefix=/dev"])?.text()?;
    }
    lab.exec(&["systemctl", "reset-failed"])?;
    lab.exec(&["systemctl", "daemon-reload"])?.text()?;
    done.reloaded = systemctl(lab, "reload", &actions.reload)?;
    done.restarted = systemctl(lab, "restart", &actions.restart)?;
    done.started = systemctl(lab, "start", &actions.start)?;
    done.failed = lab.failed_units()?;
    if !done.failed.is_empty() {
        let mut words = vec!["systemctl", "status", "--no-pager", "--full", "--lines=8"];
        words.extend(done.failed.iter().map(String::as_str));
        done.status = lab.exec(&words)?.stdout;
    }
    Ok(done)
}

/// The active units, each with true if it may be started by hand.
fn active_units(lab: &Lab) -> Result<BTreeMap<String, bool>> {
    let list = ["systemctl", "list-units", "--plain", "--no-legend", "--state=active,activating"];
    let list = lab.exec(&list)?.text()?;
    let names: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let mut words = vec!["systemctl", "show", "--property=Id,RefuseManualStart", "--"];
    words.extend(&names);
    let shown = lab.exec(&words)?.text()?;
    let units = shown.split("\n\n").filter_map(|block| {
        let name = block.lines().find_map(|line| line.strip_prefix("Id="))?;
        Some((name.to_owned(), !block.contains("RefuseManualStart=yes")))
    });
    Ok(units.collect())
}

/// Decides the actions, from the two configurations and the active units.
fn actions(old: &Configuration, new: &Configuration, active: &BTreeMap<String, bool>) -> Actions {
    let mut actions = Actions::default();
    for (unit, may_start) in active.iter().filter(|(unit, _)| unit.ends_with(".target")) {
        let now = UnitFile::parse(&new.unit(unit));
        if old.units().contains(unit) && !new.units().contains(unit) {
            continue;
        }
        if *may_start && !now.flag("X-OnlyManualStart", false) {
            actions.start.insert(unit.clone());
        }
        if now.flag("X-StopOnReconfiguration", false) {
            actions.stop.insert(unit.clone());
        }
    }
    for unit in old.units().into_iter().filter(|unit| active.contains_key(unit)) {
        let before = UnitFile::parse(&old.unit(&unit));
        let is_removed = !new.units().contains(&unit);
        // A drop-in alone does not own its unit.
        let is_whole = old.files.contains_key(&format!("{UNITS}{unit}"));
        if is_removed && is_whole {
            if before.flag("X-StopOnRemoval", true) {
                actions.stop.insert(unit);
            }
        } else if !unit.ends_with(".target") {
            let now = UnitFile::parse(&new.unit(&unit));
            act_on_change(&mut actions, unit, before.difference(&now), &now);
        }
    }
    if old.files.get(DOCKER_SETTINGS) != new.files.get(DOCKER_SETTINGS) && active.contains_key("docker.service") {
        actions.restart.insert("docker.service".to_owned());
    }
    actions
}

fn act_on_change(actions: &mut Actions, unit: String, difference: Difference, now: &UnitFile) {
    let kind = unit.rsplit('.').next().unwrap_or_default();
    let is_left_alone = LEFT_ALONE.contains(&unit.as_str()) || ["slice", "socket"].contains(&kind);
    if difference == Difference::None || is_left_alone {
        return;
    }
    if difference == Difference::Reload || now.flag("X-ReloadIfChanged", false) || kind == "mount" {
        actions.reload.insert(unit);
    } else if !now.flag("X-RestartIfChanged", true)
        || now.flag("RefuseManualStop", false)
        || now.flag("X-OnlyManualStart", false)
    {
        // The unit's owner wants it to keep running unchanged.
    } else if now.flag("X-StopIfChanged", true) {
        actions.stop.insert(unit.clone());
        actions.start.insert(unit);
    } else {
        actions.restart.insert(unit);
    }
}

/// Runs systemctl for the units, if any. A failed job is found later among the failed units.
fn systemctl(lab: &Lab, verb: &str, units: &BTreeSet<String>) -> Result<Vec<String>> {
    if !units.is_empty() {
        let mut words = vec!["systemctl", verb, "--"];
        words.extend(units.iter().map(String::as_str));
        lab.exec(&words)?;
    }
    Ok(units.iter().cloned().collect())
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
    let generation =
        serde_json::to_vec(new).map_err(|source| Error::Answer { what: "the new configuration".to_owned(), source })?;
    lab.write_file(GENERATION, &generation, 0o600)?;
    Ok(touched)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Configuration {
        Configuration::default()
            .with_file(&format!("{UNITS}converge.target"), "[Unit]\nX-StopOnReconfiguration=true\n")
            .with_file(&format!("{UNITS}a.service"), "[Service]\nExecStart=/bin/a\n")
            .with_file(
                &format!("{UNITS}runner.service"),
                "[Unit]\nX-RestartIfChanged=false\n[Service]\nExecStart=/bin/r\n",
            )
    }

    fn active(names: &[&str]) -> BTreeMap<String, bool> {
        names.iter().map(|name| ((*name).to_owned(), true)).collect()
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn nothing_changed_stops_and_starts_the_target_only() {
        let running = active(&["converge.target", "multi-user.target", "a.service"]);
        let done = actions(&base(), &base(), &running);
        assert_eq!(done.stop, set(&["converge.target"]));
        assert_eq!(done.start, set(&["converge.target", "multi-user.target"]));
        assert!(done.restart.is_empty() && done.reload.is_empty());
    }

    #[test]
    fn a_changed_service_is_stopped_before_and_started_after() {
        let new = base().with_file(&format!("{UNITS}a.service"), "[Service]\nExecStart=/bin/b\n");
        let done = actions(&base(), &new, &active(&["a.service"]));
        assert_eq!((done.stop, done.start), (set(&["a.service"]), set(&["a.service"])));
        assert_eq!(actions(&base(), &new, &active(&[])), Actions::default(), "what does not run is left alone");
    }

    #[test]
    fn a_service_that_wants_to_go_on_goes_on() {
        let text = "[Unit]\nX-RestartIfChanged=false\n[Service]\nExecStart=/bin/s\n";
        let new = base().with_file(&format!("{UNITS}runner.service"), text);
        assert_eq!(actions(&base(), &new, &active(&["runner.service"])), Actions::default());
    }

    #[test]
    fn a_removed_unit_is_stopped() {
        let mut new = base();
        new.files.remove(&format!("{UNITS}a.service"));
        assert_eq!(actions(&base(), &new, &active(&["a.service"])).stop, set(&["a.service"]));
    }

    #[test]
    fn changed_docker_settings_restart_docker() {
        let new = base().with_file(DOCKER_SETTINGS, "{}");
        assert_eq!(actions(&base(), &new, &active(&["docker.service"])).restart, set(&["docker.service"]));
    }
}
