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
                let values = settings.entry((section.clone(), key.trim().to_owned())).or_default();
                // An empty value takes back those before it.
                match value.trim() {
                    "" => values.clear(),
                    value => values.push(value.to_owned()),
                }
            }
        }
        Self(settings)
    }

    /// The values of a setting.
    fn values(&self, section: &str, key: &str) -> Option<&Vec<String>> {
        self.0.get(&(section.to_owned(), key.to_owned()))
    }

    /// A boolean setting.
    pub fn flag(&self, section: &str, key: &str, default: bool) -> bool {
        let last = self.values(section, key).and_then(|values| values.last());
        last.map_or(default, |value| ["1", "yes", "true", "on"].contains(&value.as_str()))
    }

    /// The words of a setting with several.
    pub fn words(&self, section: &str, key: &str) -> Vec<String> {
        self.values(section, key)
            .into_iter()
            .flatten()
            .flat_map(|value| value.split_whitespace())
            .map(str::to_owned)
            .collect()
    }

    /// The difference that decides the action on a running unit when this text is replaced by the other.
    pub fn difference(&self, other: &Self) -> Difference {
        let mut found = Difference::None;
        for key in self.0.keys().chain(other.0.keys()) {
            let (before, now) = (self.0.get(key), other.0.get(key));
            if before == now {
                continue;
            }
            match (key.0.as_str(), key.1.as_str()) {
                ("Install", _) => {}
                // Without them there is nothing to reload by.
                ("Unit", "X-Reload-Triggers") | ("Service", "ExecReload") if now.is_none() => {}
                ("Unit", "X-Reload-Triggers") | ("Service", "ExecReload") => found = Difference::Reload,
                ("Unit", name) if IGNORED.contains(&name) => {}
                ("Mount", "Options") if before.is_some() && now.is_some() => found = Difference::Reload,
                _ => return Difference::Restart,
            }
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
    fn an_empty_value_takes_back_those_before_it() {
        let one = UnitFile::parse("[Service]\nExecStart=/bin/b\n");
        assert_eq!(UnitFile::parse("[Service]\nExecStart=/bin/a\nExecStart=\nExecStart=/bin/b\n"), one);
    }

    #[test]
    fn another_reload_command_is_a_reload() {
        let with = |line: &str| BASE.replace("ExecStart", &format!("{line}ExecStart"));
        assert_eq!(difference(&with("ExecReload=/bin/r\n")), Difference::Reload);
        let before = UnitFile::parse(&with("ExecReload=/bin/r\n"));
        assert_eq!(before.difference(&UnitFile::parse(BASE)), Difference::None);
    }

    #[test]
    fn the_last_value_of_a_flag_holds() {
        let unit = UnitFile::parse("[Unit]\nX-StopOnReconfiguration=no\nX-StopOnReconfiguration=true\n");
        assert!(unit.flag("Unit", "X-StopOnReconfiguration", false));
        assert!(unit.flag("Service", "X-RestartIfChanged", true));
    }
}
