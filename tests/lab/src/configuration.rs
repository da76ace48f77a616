//! An evaluated NixOS configuration: the files that a switch installs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::command;
use crate::error::{Error, Result};
use crate::layout;

/// Folder of the unit files.
pub(crate) const UNITS: &str = "/etc/systemd/system/";

/// The configuration of converge-bridge.
const BRIDGE: &str = "/etc/converge/bridge.json";
/// The settings in it with which it makes links, and the app of each.
const LINKS: [(&str, &str); 2] = [("/drone/address", "drone"), ("/dashboard", crate::DASHBOARD)];

/// The files of one configuration, by their absolute path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// The content of each file.
    pub files: BTreeMap<String, String>,
    /// The modes other than 0644.
    #[serde(default)]
    pub modes: BTreeMap<String, String>,
    /// Symbolic links (path to target), such as those of wanted units.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
    /// Messages of the failed assertions.
    #[serde(default)]
    pub assertions: Vec<String>,
    /// Warnings of the evaluation.
    #[serde(default)]
    pub warnings: Vec<String>,
}

impl Configuration {
    /// The lab's own host: the example host under the lab's address, domain and recipes.
    pub fn of_the_lab() -> Result<Self> {
        Self::evaluate(None, &[])
    }

    /// The lab's own host with another NixOS module, as text (`{ services.converge.swarm.settings.task_history = 3; }`).
    pub fn with_module(module: &str) -> Result<Self> {
        Self::evaluate(None, &[format!("({module})")])
    }

    /// Evaluates a host's NixOS file (else the lab's own) with more modules, each a path or an expression in parentheses.
    pub fn evaluate(host: Option<&Path>, modules: &[String]) -> Result<Self> {
        // A store of its own: an evaluation needs a place for its state, apart from the machine's store and other evaluations.
        layout::make(&layout::base())?;
        let scratch = tempfile::Builder::new().prefix("nix-").tempdir_in(layout::base());
        let scratch = scratch.map_err(Error::file("make a folder in", &layout::base()))?;
        let file = layout::project().join("nixos/tests/render.nix");
        let mut command = Command::new("nix-instantiate");
        command.args(["--eval", "--strict", "--json"]).arg(&file);
        command.args(["--arg", "modules", &format!("[ {} ]", modules.join(" "))]);
        if let Some(host) = host {
            command.args(["--arg", "host"]).arg(host);
        }
        for (key, folder) in [
            ("NIX_STATE_DIR", "state"),
            ("NIX_STORE_DIR", "store"),
            ("NIX_LOCALSTATE_DIR", "var"),
            ("NIX_LOG_DIR", "log"),
            ("NIX_CONF_DIR", "etc"),
            ("XDG_CACHE_HOME", "cache"),
            ("HOME", "home"),
        ] {
            command.env(key, scratch.path().join(folder));
        }
        Self::read(&command::text(&mut command)?, &file.to_string_lossy())
    }

    /// Reads the result of an evaluation; a failed assertion is an error.
    pub fn read(json: &str, origin: &str) -> Result<Self> {
        let read: Self =
            serde_json::from_str(json).map_err(|source| Error::Answer { what: origin.to_owned(), source })?;
        if read.assertions.is_empty() { Ok(read) } else { Err(Error::Assertions { messages: read.assertions }) }
    }

    /// The configuration with one added or changed file.
    #[must_use]
    pub fn with_file(mut self, path: &str, content: &str) -> Self {
        self.files.insert(path.to_owned(), content.to_owned());
        self
    }

    /// The configuration with a bridge whose links have a port.
    pub(crate) fn with_port_of_links(mut self, port: Option<u16>) -> Result<Self> {
        if let (Some(port), Some(text)) = (port, self.files.get_mut(BRIDGE)) {
            let answer = |source| Error::Answer { what: BRIDGE.to_owned(), source };
            let mut settings: serde_json::Value = serde_json::from_str(text).map_err(answer)?;
            let before = settings.clone();
            for (at, app) in LINKS {
                let address = format!("https://{}", crate::host(app));
                if let Some(link) = settings.pointer_mut(at).filter(|link| *link == address.as_str()) {
                    *link = format!("{address}:{port}").into();
                }
            }
            if settings != before {
                *text = settings.to_string();
            }
        }
        Ok(self)
    }

    /// The mode of a file.
    pub(crate) fn mode(&self, path: &str) -> u32 {
        self.modes.get(path).and_then(|mode| u32::from_str_radix(mode, 8).ok()).unwrap_or(0o644)
    }

    /// The names of all units that have a file or a drop-in here.
    pub(crate) fn units(&self) -> BTreeSet<String> {
        self.files.keys().filter_map(|path| unit_of(path)).collect()
    }

    /// The complete text of a unit: its file, then its drop-ins.
    pub(crate) fn unit(&self, unit: &str) -> String {
        let (file, folder) = (format!("{UNITS}{unit}"), format!("{UNITS}{unit}.d/"));
        let drop_ins = self.files.iter().filter(|(path, _)| path.starts_with(&folder)).map(|(_, text)| text.as_str());
        self.files.get(&file).map(String::as_str).into_iter().chain(drop_ins).collect::<Vec<_>>().join("\n")
    }
}

/// The unit of a file below the folder of units.
fn unit_of(path: &str) -> Option<String> {
    let below = path.strip_prefix(UNITS)?;
    match below.split_once('/') {
        None => Some(below.to_owned()),
        Some((folder, _)) => folder.strip_suffix(".d").map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Configuration {
        Configuration::default()
            .with_file("/etc/systemd/system/a.service", "[Service]\nType=oneshot\n")
            .with_file("/etc/systemd/system/docker.service.d/overrides.conf", "[Unit]\nWants=network-online.target\n")
            .with_file("/etc/converge/a.json", "{}")
    }

    #[test]
    fn units_are_named_by_their_file_or_their_drop_in() {
        assert_eq!(sample().units(), ["a.service", "docker.service"].map(str::to_owned).into());
        assert!(sample().unit("docker.service").contains("network-online"));
    }

    #[test]
    fn links_of_the_bridge_get_the_port() {
        let with = |address: &str, dashboard: &str| {
            let drone = serde_json::json!({"address": address});
            let text = serde_json::json!({"domain": "bridge.ci.localhost", "drone": drone, "dashboard": dashboard});
            Configuration::default().with_file(BRIDGE, &text.to_string())
        };
        let ours = with("https://drone.ci.localhost", "https://ci.localhost");
        let expected = with("https://drone.ci.localhost:8443", "https://ci.localhost:8443");
        assert_eq!(ours.clone().with_port_of_links(Some(8443)).unwrap(), expected);
        assert_eq!(ours.clone().with_port_of_links(None).unwrap(), ours);
        let other = with("https://drone.example.org", "https://example.org");
        assert_eq!(other.clone().with_port_of_links(Some(8443)).unwrap(), other);
        assert_eq!(sample().with_port_of_links(Some(8443)).unwrap(), sample());
    }

    #[test]
    fn a_failed_assertion_is_an_error() {
        let error = Configuration::read(r#"{"files":{},"assertions":["domain is missing"]}"#, "x").unwrap_err();
        assert!(error.to_string().ends_with("\n    domain is missing"), "{error}");
    }
}
