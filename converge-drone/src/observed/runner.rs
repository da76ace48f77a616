//! The runner on this host: its unit, and whether it was started with what is declared now.

use std::fs;

use base::error::Explained;
use base::fingerprint::Fingerprint;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::in_words;
use crate::desired;
use drone_runner::inputs::inputs;

/// The runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Runner {
    /// systemd cannot be asked about it.
    Unknown {
        /// Why.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// It is a unit, or should be.
    Unit(Unit),
}

/// The runner's unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// `loaded`, `not-found`, `masked`, `bad-setting`, `error`.
    pub load: String,
    /// `active`, `inactive`, `failed`, `activating`, `deactivating`.
    pub active: String,
    /// Whether a start, stop or restart is queued or under way.
    pub has_job: bool,
    /// What it was started with.
    pub inputs: Inputs,
    /// Whether Drone's server answers it; `None` when it does not say.
    pub is_connected: Option<bool>,
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
pub async fn observe(declared: Option<&desired::Runner>, rpc: Option<&SecretString>) -> Option<Runner> {
    let declared = declared?;
    let state = match systemd::unit::state(&declared.unit).await {
        Ok(state) => state,
        Err(error) => {
            let (reason, hint) = in_words(&Explained::new(&error));
            return Some(Runner::Unknown { reason, hint });
        }
    };
    let said = fs::read(&declared.status).ok().and_then(|text| serde_json::from_slice::<Said>(&text).ok());
    let inputs = said.as_ref().zip(rpc).and_then(|(said, rpc)| compare(declared, said, rpc));
    Some(Runner::Unit(Unit {
        load: state.load,
        active: state.active,
        has_job: state.has_job,
        inputs: inputs.unwrap_or(Inputs::Unknown),
        is_connected: said.map(|said| said.connected),
    }))
}

/// What the runner says of itself in its status file.
#[derive(Deserialize)]
struct Said {
    inputs: String,
    connected: bool,
}

fn compare(declared: &desired::Runner, said: &Said, rpc: &SecretString) -> Option<Inputs> {
    let configuration = fs::read(&declared.configuration).ok()?;
    let started_with: Fingerprint = said.inputs.parse().ok()?;
    let is_same = started_with.is_of(inputs(&configuration, rpc.expose_secret()).as_bytes());
    Some(if is_same { Inputs::Same } else { Inputs::Other })
}
