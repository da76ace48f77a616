//! What the operator declares.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use common::converger::{Limits, Problem};
use common::env_file;
use common::recipe::{Policy, version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::env;

/// Traefik, as the recipe deploys it, with a wildcard certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Desired {
    /// The domain that the certificate covers together with everything one label below it. Traefik itself is
    /// `traefik.<domain>`.
    pub domain: String,
    /// Where the recipe comes from and which version of it runs.
    pub recipe: Recipe,
    /// Keys of the recipe's `.env`, beside those this piece sets itself.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The recipe's compose files.
    #[serde(default = "compose_files")]
    pub compose_files: Vec<String>,
    /// The certificate; it comes as credentials `fullchain` and `privkey`.
    #[serde(default)]
    pub certificate: Certificate,
    /// `ABRA_DIR`.
    #[serde(default = "abra_directory")]
    pub abra_directory: PathBuf,
    /// Where Traefik is asked what it serves.
    #[serde(default)]
    pub probe: Probe,
    /// Deadlines.
    #[serde(default)]
    pub limits: Limits,
}

/// Where the recipe comes from and which version of it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Its git repository.
    #[serde(default = "source")]
    pub source: String,
    /// Which version runs.
    pub version: Policy,
    /// Hours after which `latest` looks for newer releases.
    #[serde(default = "refresh_hours")]
    pub refresh_hours: u32,
}

/// The certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Certificate {
    /// Days before its expiry from which on a warning is given.
    pub warn_days: u32,
}

/// Where Traefik is asked what it serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Probe {
    /// An address of this machine's on which ports 80 and 443 lead to Traefik.
    pub address: IpAddr,
}

impl Default for Certificate {
    fn default() -> Self {
        Self { warn_days: 21 }
    }
}

impl Default for Probe {
    fn default() -> Self {
        Self { address: Ipv4Addr::LOCALHOST.into() }
    }
}

fn source() -> String {
    "https://git.coopcloud.tech/coop-cloud/traefik.git".into()
}

fn refresh_hours() -> u32 {
    6
}

fn compose_files() -> Vec<String> {
    vec!["compose.yml".into(), "compose.wildcard.yml".into()]
}

fn abra_directory() -> PathBuf {
    "/var/lib/converge/abra".into()
}

impl Desired {
    /// What is wrong with it that its types could not refuse.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut wrong = |at: &str, message: String, hint: &str| problems.push(Problem::new(at, message, hint));
        if let Some(why) = domain_problem(&self.domain) {
            wrong("domain", format!("is `{}`, {why}", self.domain), "write a name such as ci.example.org");
        }
        self.recipe.problems(&mut wrong);
        for (key, value) in &self.env {
            let at = format!("env.{key}");
            if !env_file::is_key(key) {
                wrong(&at, "is no name for a setting".into(), "use letters, digits and `_`, not a digit first");
            } else if env::OURS.contains(&key.as_str()) || key == "TYPE" || key == "STACK_NAME" {
                wrong(&at, "is set by this piece itself".into(), "leave it out");
            } else if value.contains(['\n', '\r', '\0']) {
                wrong(&at, "is not one line of text".into(), "a `.env` has one line a value; take the line break out");
            }
        }
        if self.compose_files.is_empty() {
            wrong("compose_files", "is empty".into(), "list compose.yml and compose.wildcard.yml");
        }
        for file in &self.compose_files {
            if file.is_empty()
                || file.starts_with(['/', '-', '.'])
                || file.contains([':', '\n', '\0', ' '])
                || file.contains("..")
            {
                wrong("compose_files", format!("names `{file}`"), "name files of the recipe's own folder");
            }
        }
        if !self.abra_directory.is_absolute() {
            let message = format!("is {}, which is not absolute", self.abra_directory.display());
            wrong("abra_directory", message, "write the whole path");
        }
        if self.probe.address.is_unspecified() || self.probe.address.is_multicast() {
            let message = format!("is {}, which nothing can connect to", self.probe.address);
            wrong("probe.address", message, "give an address of this machine's");
        }
        problems
    }
}

impl Recipe {
    fn problems(&self, wrong: &mut impl FnMut(&str, String, &str)) {
        let known = ["https://", "http://", "ssh://", "git://", "file:///"];
        let scp_like = self.source.contains('@') && self.source.contains(':');
        if self.source.starts_with('-') || !(known.iter().any(|scheme| self.source.starts_with(scheme)) || scp_like) {
            wrong(
                "recipe.source",
                format!("is `{}`, no address of a git repository", common::git::redacted(&self.source)),
                "write it with its scheme, such as https://git.coopcloud.tech/coop-cloud/traefik.git",
            );
        }
        match &self.version {
            Policy::Pin(tag) if version(tag).is_none() => wrong(
                "recipe.version.pin",
                format!("is `{tag}`, no version of a recipe"),
                "write a tag such as 3.8.0+v3.6.15; `git ls-remote --tags` lists them",
            ),
            Policy::Commit(name)
                if name.is_empty() || name.starts_with('-') || name.contains([' ', '\n', ':', '^', '~']) =>
            {
                wrong(
                    "recipe.version.commit",
                    format!("is `{name}`, no branch or commit"),
                    "write a branch or a commit's hash",
                );
            }
            _ => {}
        }
        if self.refresh_hours == 0 {
            wrong("recipe.refresh_hours", "is 0, so every run would ask the git server".into(), "give at least 1");
        }
    }
}

fn domain_problem(domain: &str) -> Option<&'static str> {
    let labels: Vec<&str> = domain.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    if domain.starts_with("*.") {
        Some("a wildcard; the certificate's wildcard is understood")
    } else if domain.contains('/') || domain.contains(':') {
        Some("an address, not a domain")
    } else if !labels.iter().all(is_label) || domain.len() > 200 {
        Some("no domain name")
    } else if labels.len() < 2 {
        Some("a name without a dot, which no certificate has a wildcard for")
    } else {
        None
    }
}
