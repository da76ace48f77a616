//! The variables of a step, its secrets, and the values to mask.

use std::collections::BTreeMap;
use std::fs;

use secrecy::{ExposeSecret, SecretString};

use super::drone_variables::drone_variables;
use super::folder::Folder;
use crate::environment::{Rejection, check_variable, is_variable_value};
use crate::mask::MaskedValues;
use crate::pipeline::{self, CLONE, Pipeline, Step, StepKind, Value};
use crate::rpc::wire::Details;
use crate::settings::Settings;
use http::drone::Status;

/// The largest credential that is masked in logs, in bytes.
const LARGEST: u64 = 64 * 1024;

/// The variables of all steps of a stage.
#[derive(Debug)]
pub struct StageVariables {
    /// The parameters of the build, which a pipeline may replace.
    parameters: BTreeMap<String, String>,
    /// Variables that neither a parameter nor a pipeline replaces.
    fixed: BTreeMap<String, String>,
    /// A sentence for each refused parameter.
    pub refused: Vec<String>,
}

impl StageVariables {
    /// The variables of this stage.
    pub fn new(settings: &Settings, details: &Details, machine: &str, folder: &Folder) -> Self {
        let mut parameters = BTreeMap::new();
        let mut refused = Vec::new();
        for (name, value) in &details.build.params {
            match check_variable(name, value, &settings.steps.environment) {
                Ok(()) => drop(parameters.insert(name.clone(), value.clone())),
                Err(rejection) => {
                    refused.push(format!(
                        "parameter {} was not passed on: it {}",
                        name.escape_debug(),
                        rejection.reason()
                    ));
                }
            }
        }
        let mut fixed = drone_variables(details, machine);
        let path = settings.steps.path.iter().map(|folder| folder.to_string_lossy().into_owned());
        let workspace = folder.workspace().to_string_lossy().into_owned();
        fixed.extend(
            [
                ("PATH", path.collect::<Vec<_>>().join(":")),
                ("HOME", folder.home().to_string_lossy().into_owned()),
                ("TMPDIR", folder.temporary().to_string_lossy().into_owned()),
                ("SHELL", settings.steps.shell.to_string_lossy().into_owned()),
                ("USER", "root".into()),
                ("LOGNAME", "root".into()),
                ("DRONE_WORKSPACE", workspace),
                ("GIT_TERMINAL_PROMPT", "0".into()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        // Last, so that these replace all others.
        fixed.extend(settings.steps.environment.clone());
        Self { parameters, fixed, refused }
    }

    /// The variables of a step.
    pub fn of_step(
        &self,
        step: &Step,
        index: usize,
        folder: &Folder,
        secrets: &BuildSecrets,
        has_failed: bool,
    ) -> BTreeMap<String, String> {
        let mut all = self.parameters.clone();
        for (name, value) in &step.environment {
            let value = match value {
                Value::Text(text) => text.clone(),
                Value::Secret(secret) => secrets.0.get(secret).cloned().unwrap_or_default(),
            };
            all.insert(name.clone(), value);
        }
        all.extend(self.fixed.clone());
        let status = if has_failed { Status::Failure } else { Status::Success };
        for name in ["DRONE_BUILD_STATUS", "DRONE_STAGE_STATUS", "CI_BUILD_STATUS"] {
            all.insert(name.into(), status.word().into());
        }
        all.insert("DRONE_STEP_NAME".into(), step.name.clone());
        all.insert("DRONE_STEP_NUMBER".into(), (index + 1).to_string());
        if matches!(step.kind, StepKind::Clone(_)) {
            all.insert("HOME".into(), folder.clone_home().to_string_lossy().into_owned());
        }
        all
    }
}

/// The secrets of a build, by name.
#[derive(Clone)]
pub struct BuildSecrets(BTreeMap<String, String>);

impl std::fmt::Debug for BuildSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl BuildSecrets {
    /// The secrets that Drone sent with the stage.
    pub fn new(details: &Details) -> Self {
        // Drone sends those of the repository first; they replace those of the organisation.
        let all = details.secrets.iter().rev().map(|secret| (secret.name.clone(), secret.data.clone()));
        Self(all.collect())
    }

    /// Checks that every secret of the pipeline exists and is a valid value.
    pub fn check(&self, pipeline: &Pipeline) -> Result<(), pipeline::Error> {
        for step in &pipeline.steps {
            for (variable, value) in &step.environment {
                let Value::Secret(secret) = value else { continue };
                let step = step.name.clone();
                match self.0.get(secret) {
                    None => return Err(pipeline::Error::Secret { step, secret: secret.clone() }),
                    Some(value) if !is_variable_value(value) => {
                        let reason = Rejection::Value.reason();
                        return Err(pipeline::Error::Variable { step, variable: variable.clone(), reason });
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }
}

/// The values that a log must not show: secrets of the build, the login for the clone, the RPC secret, and the credentials
/// of the steps.
pub fn masked_values(settings: &Settings, details: &Details, rpc: &SecretString) -> MaskedValues {
    let small =
        |path: &std::path::PathBuf| fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= LARGEST);
    let files = settings.steps.credentials.values().filter(|path| small(path));
    let files: Vec<String> = files.filter_map(|path| fs::read_to_string(path).ok()).collect();
    let drone = details.secrets.iter().map(|secret| secret.data.as_str());
    let netrc = details.netrc.iter().map(|netrc| netrc.password.as_str());
    let all = drone.chain(netrc).chain([rpc.expose_secret()]).chain(files.iter().map(String::as_str));
    MaskedValues::new(all.map(str::as_bytes))
}

/// The `.netrc` of the clone step; `None` if the login is incomplete.
pub fn netrc(details: &Details) -> Option<String> {
    let netrc = details.netrc.as_ref()?;
    let is_word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    let is_whole = is_word(&netrc.machine) && is_word(&netrc.login) && is_word(&netrc.password);
    is_whole.then(|| format!("machine {} login {} password {}\n", netrc.machine, netrc.login, netrc.password))
}

/// True if the pipeline clones the repository.
pub fn clones(pipeline: &Pipeline) -> bool {
    pipeline.steps.first().is_some_and(|step| step.name == CLONE && matches!(step.kind, StepKind::Clone(_)))
}
