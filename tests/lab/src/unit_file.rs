//! Compares two versions of a unit as NixOS's switch does.

use std::collections::BTreeMap;

/// Keys of `[Unit]` whose change needs no action on a running unit.
const IGNORED: [&str; 12] = [
    "Description",
    "Documentation",
    "OnFailure",
    "OnSuccess",
    "OnFailureJobMode",
    "IgnoreOnIsolate",
    "StopWhenUnneeded",
    "RefuseManualStart",
    "RefuseManualStop",
    "AllowIsolate",
    "CollectMode",
    "SourcePath",
];

/// Difference between two versions of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Difference {
    /// No difference that matters.
    None,
    /// A difference that a reload applies.
    Reload,
    /// A difference that needs a restart.
    Restart,
}

/// Settings of a unit file: (section, key) to all values in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct UnitFile(BTreeMap<(String, String), Vec<String>>);

impl UnitFile {
    pub fn parse(text: &str) -> Self {
        let mut settings: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        let mut section = String::new();
        let joined = text.replace("\\\n", " ");
        for line in joined.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') || line.starts_with(';') {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                name.clone_into(&mut section);
            } else if let Some((key, value)) = line.split_once('=') {
                let key = (section.clone(), key.trim().to_owned());
                settings.entry(key).or_default().push(value.trim().to_owned());
            }
        }
        Self(settings)
    }

    /// A boolean setting of `[Unit]` or `[Service]`.
    pub fn flag(&self, key: &str, default: bool) -> bool {
        let sections = ["Unit", "Service"];
        let found = sections.iter().find_map(|section| self.0.get(&((*section).to_owned(), key.to_owned())));
        found
            .and_then(|values| values.last())
            .map_or(default, |value| ["1", "yes", "true", "on"].iter().any(|yes| value.eq_ignore_ascii_case(yes)))
    }

    /// The difference that decides the action on a running unit when this text is replaced by the other.
    pub fn difference(&self, other: &Self) -> Difference {
        let mut found = Difference::None;
        for key in self.0.keys().chain(other.0.keys()) {
            let (section, name) = (key.0.as_str(), key.1.as_str());
            if self.0.get(key) == other.0.get(key) || section == "Install" {
                continue;
            }
            if section == "Unit" && IGNORED.contains(&name) {
                continue;
            }
            if section == "Unit" && name == "X-Reload-Triggers" {
                found = Difference::Reload;
                continue;
            }
            return Difference::Restart;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str =
        "[Unit]\nDescription=one\nAfter=a.service\n[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=x.target\n";

    fn difference(other: &str) -> Difference {
        UnitFile::parse(BASE).difference(&UnitFile::parse(other))
    }

    #[test]
    fn words_for_people_and_the_install_section_do_not_count() {
        assert_eq!(difference(BASE), Difference::None);
        assert_eq!(difference(&BASE.replace("one", "two").replace("x.target", "y.target")), Difference::None);
    }

    #[test]
    fn a_trigger_counts_as_any_key_does() {
        let with = |line: &str| BASE.replace("After=", &format!("{line}\nAfter="));
        assert_eq!(difference(&with("X-Restart-Triggers=/nix/store/a")), Difference::Restart);
        assert_eq!(difference(&with("X-Reload-Triggers=/nix/store/a")), Difference::Reload);
        assert_eq!(difference(&BASE.replace("true", "false")), Difference::Restart);
    }

    #[test]
    fn the_last_value_of_a_flag_holds() {
        let unit = UnitFile::parse("[Unit]\nX-StopOnReconfiguration=no\nX-StopOnReconfiguration=true\n");
        assert!(unit.flag("X-StopOnReconfiguration", false));
        assert!(unit.flag("X-RestartIfChanged", true));
    }
}
