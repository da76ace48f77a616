//! The configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base::address::{Probe, domain_setting_problem};
use base::configuration::Problem;
use base::limits::Limits;
use recipe::{Source, desired};
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
    pub recipe: Source,
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
    #[serde(default = "recipe::desired::abra_directory")]
    pub abra_directory: PathBuf,
    /// The target of the probes.
    #[serde(default)]
    pub probe: Probe,
    /// Deadlines.
    #[serde(default)]
    pub limits: Limits,
}

/// The certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Certificate {
    /// Days before its expiry from which on a warning is given.
    pub warn_days: u32,
}

impl Default for Certificate {
    fn default() -> Self {
        Self { warn_days: 21 }
    }
}

fn compose_files() -> Vec<String> {
    vec!["compose.yml".into(), "compose.wildcard.yml".into()]
}

impl Desired {
    /// The domain of the app itself.
    pub fn app_domain(&self) -> String {
        format!("traefik.{}", self.domain)
    }

    /// Returns the problems that the types cannot refuse.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(domain_setting_problem(&self.domain, "ci.example.org"));
        problems.extend(self.recipe.problems());
        problems.extend(desired::env_problems(&self.env, &env::OURS));
        problems.extend(desired::compose_problems(&self.compose_files, "compose.yml and compose.wildcard.yml"));
        problems.extend(desired::abra_directory_problem(&self.abra_directory));
        problems.extend(self.probe.problem());
        problems
    }
}
