//! The secrets of a stage: of its build, of its clone, of its steps' credentials; and the values that a log must not show.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use crate::mask::{self, MaskedValues};
use crate::pipeline::{self, CLONE, Pipeline, Step, StepKind, Value};
use crate::rpc::wire::{Details, Netrc};
use crate::settings::Settings;

/// The largest credential that is masked in logs, in bytes.
const LARGEST: u64 = 64 * 1024;

/// The secrets of a build, by name.
#[derive(Clone)]
pub struct BuildSecrets(BTreeMap<String, String>);

impl fmt::Debug for BuildSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl BuildSecrets {
    /// The secrets that Drone sent with the stage.
    pub fn new(details: &Details) -> Self {
        // Drone sends those of the repository first; they replace those of the organisation.
        let all = details.secrets.iter().rev().map(|secret| (key(&secret.name), secret.data.clone()));
        Self(all.collect())
    }

    /// A secret by its name, in lower or upper case, as in Drone.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&key(name)).map(String::as_str)
    }

    /// Checks that every secret of the pipeline exists.
    pub fn check(&self, pipeline: &Pipeline) -> Result<(), pipeline::Error> {
        for step in &pipeline.steps {
            for secret in secrets_of(step) {
                if self.get(secret).is_none() {
                    return Err(pipeline::Error::Secret { step: step.name.clone(), secret: secret.into() });
                }
            }
        }
        Ok(())
    }

    /// A sentence for each secret of this step that is too short for the mask.
    pub fn notes(&self, step: &Step) -> Vec<String> {
        let is_shown = |name: &&str| self.get(name).is_some_and(|value| !mask::hides(value.as_bytes()));
        let note =
            |name| format!("secret {name} is not masked in this log: it has fewer than {} characters", mask::SHORTEST);
        secrets_of(step).filter(is_shown).map(note).collect()
    }
}

fn key(name: &str) -> String {
    name.to_lowercase()
}

fn secrets_of(step: &Step) -> impl Iterator<Item = &str> {
    step.environment.values().filter_map(|value| match value {
        Value::Secret(name) => Some(name.as_str()),
        Value::Text(_) => None,
    })
}

/// The values that the logs of a stage must not show.
#[derive(Debug, Clone, Default)]
pub struct Hidden {
    /// The mask.
    pub values: MaskedValues,
    /// A sentence for each credential that the mask lacks.
    pub notes: Vec<String>,
}

impl Hidden {
    /// The secrets of the build, the login for the clone, the RPC secret, and the credentials of the steps. The error is the
    /// credential that cannot be read: no step runs with a secret that is not masked for this reason.
    pub fn new(settings: &Settings, details: &Details, rpc: &SecretString) -> Result<Self, String> {
        let mut values: Vec<Vec<u8>> = details.secrets.iter().map(|secret| secret.data.clone().into_bytes()).collect();
        values.extend(details.netrc.iter().map(|netrc| netrc.password.clone().into_bytes()));
        values.push(rpc.expose_secret().as_bytes().to_vec());
        let mut notes = Vec::new();
        for (name, path) in &settings.steps.credentials {
            let shown = match read(path) {
                Ok(Some(value)) => {
                    let shown = !mask::hides(&value);
                    values.push(value);
                    shown.then(|| format!("it has fewer than {} characters", mask::SHORTEST))
                }
                Ok(None) => Some(format!("it is no file of at most {LARGEST} bytes")),
                Err(error) => return Err(format!("credential {name} of the steps cannot be read and masked: {error}")),
            };
            notes.extend(shown.map(|why| format!("credential {name} is not masked in this log: {why}")));
        }
        Ok(Self { values: MaskedValues::new(values.iter().map(Vec::as_slice)), notes })
    }
}

/// Reads a credential; `None` if it is larger than what is masked, or a directory or a socket.
fn read(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let file = fs::metadata(path)?;
    if file.is_file() && file.len() <= LARGEST { fs::read(path).map(Some) } else { Ok(None) }
}

/// The `.netrc` of the clone step; `None` if the login is incomplete.
pub fn netrc(details: &Details) -> Option<String> {
    let Netrc { machine, login, password } = details.netrc.as_ref()?;
    let is_word = |text: &String| !text.is_empty() && !text.contains(char::is_whitespace);
    let is_whole = [machine, login, password].into_iter().all(is_word);
    is_whole.then(|| format!("machine {machine} login {login} password {password}\n"))
}

/// True if the pipeline clones the repository.
pub fn clones(pipeline: &Pipeline) -> bool {
    pipeline.steps.first().is_some_and(|step| step.name == CLONE && matches!(step.kind, StepKind::Clone(_)))
}

#[cfg(test)]
mod tests;
