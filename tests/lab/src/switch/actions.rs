//! The actions on units that a switch takes, from two configurations and the active units. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::configuration::{Configuration, UNITS};
use crate::unit_file::{Difference, UnitFile};

/// Docker's settings; on NixOS they are an argument of docker.service, so that a change is a change of the unit.
const DOCKER_SETTINGS: &str = "/etc/docker/daemon.json";
const DOCKER: &str = "docker.service";

/// Sockets of Debian's packages that NixOS has among its own units.
const PACKAGED_SOCKETS: [&str; 1] = ["docker.socket"];

/// Targets that their dependents pull in.
const PULLED_IN: [&str; 4] = ["sysinit.target", "basic.target", "multi-user.target", "graphical.target"];
/// Targets that a switch never starts.
const OF_SLEEP: [&str; 3] = ["suspend.target", "hibernate.target", "hybrid-sleep.target"];

/// Actions on units.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Actions {
    pub stop: BTreeSet<String>,
    pub skip: BTreeSet<String>,
    pub reload: BTreeSet<String>,
    pub restart: BTreeSet<String>,
    pub start: BTreeSet<String>,
}

/// Decides the actions. `active` says of each active unit if it may be started by hand.
pub(super) fn actions(old: &Configuration, new: &Configuration, active: &BTreeMap<String, bool>) -> Actions {
    let mut actions = Actions::default();
    for (unit, may_start) in active.iter().filter(|(unit, _)| unit.ends_with(".target")) {
        if old.units().contains(unit) && !new.units().contains(unit) {
            continue;
        }
        let now = UnitFile::parse(&new.unit(unit));
        if *may_start && !OF_SLEEP.contains(&unit.as_str()) && !now.flag("Unit", "X-OnlyManualStart", false) {
            actions.start.insert(unit.clone());
        }
        if now.flag("Unit", "X-StopOnReconfiguration", false) {
            actions.stop.insert(unit.clone());
        }
    }
    let has_other_settings = old.files.get(DOCKER_SETTINGS) != new.files.get(DOCKER_SETTINGS);
    let mut units = old.units();
    units.extend(has_other_settings.then(|| DOCKER.to_owned()));
    for unit in units.into_iter().filter(|unit| active.contains_key(unit)) {
        let (before, now) = (UnitFile::parse(&old.unit(&unit)), UnitFile::parse(&new.unit(&unit)));
        // A drop-in alone does not own its unit.
        let is_whole = old.files.contains_key(&format!("{UNITS}{unit}"));
        if is_whole && !new.units().contains(&unit) {
            if before.flag("Unit", "X-StopOnRemoval", true) {
                actions.stop.insert(unit);
            }
        } else if !unit.ends_with(".target") {
            let is_docker = unit == DOCKER && has_other_settings;
            match if is_docker { Difference::Restart } else { before.difference(&now) } {
                Difference::None => {}
                Difference::Reload => {
                    actions.reload.insert(unit);
                }
                Difference::Restart => actions.change(&unit, &now, new, active),
            }
        }
    }
    actions
}

impl Actions {
    /// A unit whose new text a reload does not apply.
    fn change(&mut self, unit: &str, now: &UnitFile, new: &Configuration, active: &BTreeMap<String, bool>) {
        let kind = unit.rsplit('.').next().unwrap_or_default();
        match kind {
            // Slices and paths follow from daemon-reload; a socket is restarted with its service only.
            _ if PULLED_IN.contains(&unit) => {}
            "path" | "slice" | "socket" => {}
            // These two cannot be unmounted.
            "mount" if ["-.mount", "nix.mount"].contains(&unit) => {
                self.reload.insert(unit.to_owned());
            }
            "mount" => {
                self.restart.insert(unit.to_owned());
            }
            _ if now.flag("Service", "X-ReloadIfChanged", false) => {
                self.reload.insert(unit.to_owned());
            }
            _ if !now.flag("Service", "X-RestartIfChanged", true)
                || now.flag("Unit", "RefuseManualStop", false)
                || now.flag("Unit", "X-OnlyManualStart", false) =>
            {
                self.skip.insert(unit.to_owned());
            }
            "service" if now.flag("Service", "X-StopIfChanged", true) => {
                self.stop.insert(unit.to_owned());
                if !self.leaves_to_sockets(unit, now, new, active) {
                    self.start.insert(unit.to_owned());
                }
            }
            _ => {
                self.restart.insert(unit.to_owned());
            }
        }
    }

    /// Stops the sockets of a service and starts them again. True if they start the service in its place.
    fn leaves_to_sockets(
        &mut self,
        unit: &str,
        now: &UnitFile,
        new: &Configuration,
        active: &BTreeMap<String, bool>,
    ) -> bool {
        let mut sockets = now.words("Service", "Sockets");
        if sockets.is_empty() {
            sockets.push(format!("{}.socket", unit.trim_end_matches(".service")));
        }
        let mut is_activated = false;
        for socket in sockets {
            let is_there = new.units().contains(&socket) || PACKAGED_SOCKETS.contains(&socket.as_str());
            if active.contains_key(&socket) {
                self.stop.insert(socket.clone());
                if is_there {
                    self.start.insert(socket);
                }
            }
            is_activated |= is_there;
        }
        is_activated && !now.flag("Service", "X-NotSocketActivated", false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Configuration {
        Configuration::default()
            .with_file(&format!("{UNITS}converge.target"), "[Unit]\nX-StopOnReconfiguration=true\n")
            .with_file(&format!("{UNITS}a.service"), "[Service]\nExecStart=/bin/a\n")
            .with_file(&format!("{UNITS}docker.service.d/overrides.conf"), "[Service]\nEnvironment=PATH=/one\n")
    }

    fn active(names: &[&str]) -> BTreeMap<String, bool> {
        names.iter().map(|name| ((*name).to_owned(), true)).collect()
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// The actions after one unit, which is active, gets another text.
    fn after(unit: &str, before: &str, now: &str) -> Actions {
        let path = format!("{UNITS}{unit}");
        let old = base().with_file(&path, before);
        actions(&old, &old.clone().with_file(&path, now), &active(&[unit]))
    }

    #[test]
    fn an_unchanged_system_restarts_only_the_target() {
        let running = active(&["converge.target", "multi-user.target", "suspend.target", "a.service"]);
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
    fn flags_of_a_service_decide_and_only_in_their_section() {
        let with =
            |flags: &str| after("s.service", "[Service]\nExecStart=/bin/a\n", &format!("{flags}ExecStart=/bin/b\n"));
        let skipped = with("[Service]\nX-RestartIfChanged=false\n");
        assert_eq!(skipped, Actions { skip: set(&["s.service"]), ..Actions::default() });
        assert_eq!(with("[Unit]\nRefuseManualStop=yes\n[Service]\n").skip, set(&["s.service"]));
        assert_eq!(with("[Unit]\nX-RestartIfChanged=false\n[Service]\n").stop, set(&["s.service"]), "not in [Unit]");
        assert_eq!(with("[Service]\nX-StopIfChanged=false\n").restart, set(&["s.service"]));
        assert_eq!(with("[Service]\nX-ReloadIfChanged=true\n").reload, set(&["s.service"]));
    }

    #[test]
    fn keys_that_are_read_anew_restart_nothing() {
        let with =
            |line: &str| after("s.service", "[Unit]\nDescription=a\n", &format!("[Unit]\nDescription=a\n{line}\n"));
        for line in ["Documentation=man:x(1)", "OnFailure=b.service", "CollectMode=inactive", "RefuseManualStart=yes"] {
            assert_eq!(with(line), Actions::default(), "{line}");
        }
        assert_eq!(with("After=b.service").stop, set(&["s.service"]));
        assert_eq!(with("X-Reload-Triggers=/nix/store/a").reload, set(&["s.service"]));
    }

    #[test]
    fn timers_are_restarted_and_sockets_paths_and_slices_left_alone() {
        assert_eq!(
            after("t.timer", "[Timer]\nOnActiveSec=1h\n", "[Timer]\nOnActiveSec=2h\n").restart,
            set(&["t.timer"])
        );
        for unit in ["s.socket", "p.path", "l.slice"] {
            assert_eq!(after(unit, "[Unit]\nAfter=a\n", "[Unit]\nAfter=b\n"), Actions::default(), "{unit}");
        }
    }

    #[test]
    fn a_mount_is_restarted_and_its_options_are_reloaded() {
        let (before, options) = ("[Mount]\nWhat=/dev/a\nOptions=ro\n", "[Mount]\nWhat=/dev/a\nOptions=rw\n");
        let device = "[Mount]\nWhat=/dev/b\nOptions=ro\n";
        assert_eq!(after("srv.mount", before, options).reload, set(&["srv.mount"]));
        assert_eq!(after("srv.mount", before, device).restart, set(&["srv.mount"]));
        assert_eq!(after("nix.mount", before, device).reload, set(&["nix.mount"]));
    }

    #[test]
    fn a_changed_docker_stops_and_only_its_socket_starts_again() {
        let running = active(&["docker.service", "docker.socket"]);
        let drop_in =
            base().with_file(&format!("{UNITS}docker.service.d/overrides.conf"), "[Service]\nEnvironment=PATH=/two\n");
        for new in [drop_in, base().with_file(DOCKER_SETTINGS, "{}")] {
            let done = actions(&base(), &new, &running);
            assert_eq!(done.stop, set(&["docker.service", "docker.socket"]));
            // multi-user.target starts the service.
            assert_eq!(done.start, set(&["docker.socket"]));
        }
    }

    #[test]
    fn a_service_may_say_that_its_socket_does_not_start_it() {
        let path = format!("{UNITS}s.socket");
        let old = base().with_file(&path, "[Socket]\n").with_file(&format!("{UNITS}s.service"), "[Service]\nA=1\n");
        let change = |text: &str| {
            let new = old.clone().with_file(&format!("{UNITS}s.service"), text);
            actions(&old, &new, &active(&["s.service", "s.socket"]))
        };
        assert_eq!(change("[Service]\nA=2\n").start, set(&["s.socket"]));
        let both = change("[Service]\nA=2\nX-NotSocketActivated=true\n");
        assert_eq!((both.stop, both.start), (set(&["s.service", "s.socket"]), set(&["s.service", "s.socket"])));
    }

    #[test]
    fn a_removed_unit_is_stopped_unless_it_says_otherwise() {
        let without = |old: &Configuration| {
            let mut new = old.clone();
            new.files.remove(&format!("{UNITS}a.service"));
            actions(old, &new, &active(&["a.service"]))
        };
        assert_eq!(without(&base()).stop, set(&["a.service"]));
        let stays = base().with_file(&format!("{UNITS}a.service"), "[Unit]\nX-StopOnRemoval=false\n");
        assert_eq!(without(&stays), Actions::default());
    }
}
