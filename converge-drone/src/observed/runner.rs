//! The runner on this host: its unit, and whether it was started with what is declared now.

use std::fs;

use common::fingerprint::Fingerprint;
use common::systemd;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::desired;
use crate::error::Error;
use crate::runner::inputs::inputs;

/// The runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runner {
    /// Whether there is a unit of that name.
    pub is_loaded: bool,
    /// `active`, `inactive`, `failed`, `activating`, `deactivating`.
    pub active: String,
    /// Whether a start, stop or restart is queued or under way.
    pub has_job: bool,
    /// What it was started with.
    pub inputs: Inputs,
}

/// What the runner was started with, beside what is declared now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inputs {
    /// The same configuration and the same RPC secret.
    Same,
    /// Another configuration or another RPC secret.
    Other,
    /// It does not say.
    Unknown,
}

/// Asks systemd, and compares what the runner says of itself.
pub async fn observe(declared: Option<&desired::Runner>, rpc: Option<&SecretString>) -> Result<Option<Runner>, Error> {
    let Some(declared) = declared else { return Ok(None) };
    let state = systemd::state(&declared.unit).await?;
    let inputs = rpc.and_then(|rpc| compare(declared, rpc));
    Ok(Some(Runner {
        is_loaded: state.is_loaded,
        active: state.active,
        has_job: state.has_job,
        inputs: inputs.unwrap_or(Inputs::Unknown),
    }))
}

fn compare(declared: &desired::Runner, rpc: &SecretString) -> Option<Inputs> {
    #[derive(Deserialize)]
    struct Status {
        inputs: String,
    }
    let configuration = fs::read(&declared.configuration).ok()?;
    let status: Status = serde_json::from_slice(&fs::read(&declared.status).ok()?).ok()?;
    let started_with: Fingerprint = status.inputs.parse().ok()?;
    let is_same = started_with.is_of(inputs(&configuration, rpc.expose_secret()).as_bytes());
    Some(if is_same { Inputs::Same } else { Inputs::Other })
}
