//! The runner on this host: its unit, and the inputs of its last start or reload.

use std::fs;

use base::error::Explained;
use base::fingerprint::Fingerprint;
use drone_runner::status::Summary;
use drone_runner::{ProgramFile, config_hash};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::desired::Runner;

/// The state of the runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunnerState {
    /// systemd does not answer.
    Unknown {
        /// The cause.
        reason: String,
        /// The advice for the operator.
        hint: String,
    },
    /// The state of the unit, which need not exist.
    Unit(RunnerUnit),
}

/// The unit of the runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunnerUnit {
    /// `loaded`, `not-found`, `masked`, `bad-setting`, `error`.
    pub load: String,
    /// `active`, `inactive`, `failed`, `activating`, `deactivating`.
    pub active: String,
    /// True while a start, stop or restart is queued or running.
    pub has_job: bool,
    /// The inputs of the runner.
    pub inputs: RunnerConfiguration,
    /// True if Drone's server answers the runner; `None` without a status file.
    pub is_connected: Option<bool>,
}

/// The inputs of the runner, compared to the files as they are now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunnerConfiguration {
    /// The same configuration, RPC secret and program.
    Same,
    /// Another configuration, RPC secret or program.
    Other,
    /// Not known: there is no status file.
    Unknown,
}

/// Reads the state of the unit and the status file of the runner.
pub async fn observe(declared: Option<&Runner>, rpc: Option<&SecretString>) -> Option<RunnerState> {
    let declared = declared?;
    let state = match systemd::unit::state(&declared.unit).await {
        Ok(state) => state,
        Err(error) => {
            let (reason, hint) = Explained::new(&error).reason_and_hint();
            return Some(RunnerState::Unknown { reason, hint });
        }
    };
    let status = fs::read(&declared.status).ok().and_then(|text| serde_json::from_slice::<Summary>(&text).ok());
    let program = state.program.as_deref().map(ProgramFile::at);
    let inputs = || compare(declared, status.as_ref()?, rpc?, &program?);
    let inputs = inputs();
    Some(RunnerState::Unit(RunnerUnit {
        load: state.load,
        active: state.active,
        has_job: state.has_job,
        inputs: inputs.unwrap_or(RunnerConfiguration::Unknown),
        is_connected: status.map(|status| status.connected),
    }))
}

fn compare(
    declared: &Runner,
    status: &Summary,
    rpc: &SecretString,
    program: &ProgramFile,
) -> Option<RunnerConfiguration> {
    let configuration = fs::read(&declared.configuration).ok()?;
    let fingerprint: Fingerprint = status.configuration_hash.parse().ok()?;
    let is_same = fingerprint.is_of(config_hash(&configuration, rpc.expose_secret(), program).as_bytes());
    Some(if is_same { RunnerConfiguration::Same } else { RunnerConfiguration::Other })
}
