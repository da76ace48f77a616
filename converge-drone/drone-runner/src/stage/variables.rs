//! The variables of a step.

use std::collections::BTreeMap;

use super::drone_variables::drone_variables;
use super::folder::Folder;
use super::secrets::BuildSecrets;
use crate::environment::{Environment, check_name};
use crate::pipeline::{Step, StepKind, Value};
use crate::rpc::wire::Details;
use crate::settings::Settings;
use http::drone::Status;

/// The variables of all steps of a stage.
#[derive(Debug)]
pub struct StageVariables {
    /// The parameters of the build, which a pipeline may replace.
    parameters: BTreeMap<String, String>,
    /// Variables that neither a parameter nor a pipeline replaces.
    fixed: BTreeMap<String, String>,
    /// A sentence for each refused parameter.
    refused: Vec<String>,
}

impl StageVariables {
    /// The variables of this stage.
    pub fn new(settings: &Settings, details: &Details, machine: &str, folder: &Folder) -> Self {
        let mut parameters = BTreeMap::new();
        let mut refused = Vec::new();
        for (name, value) in &details.build.params {
            match check_name(name, &settings.steps.environment) {
                Ok(()) => drop(parameters.insert(name.clone(), value.clone())),
                Err(rejection) => {
                    refused.push(format!("parameter {} was not passed on: it {rejection}", name.escape_debug()));
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

    /// The variables of a step. The clone gets no parameters: git and its transports read variables, and the clone has the
    /// login of the repository.
    pub fn of_step(
        &self,
        step: &Step,
        index: usize,
        folder: &Folder,
        secrets: &BuildSecrets,
        has_failed: bool,
    ) -> Environment {
        let is_clone = matches!(step.kind, StepKind::Clone(_));
        let mut all = if is_clone { BTreeMap::new() } else { self.parameters.clone() };
        for (name, value) in &step.environment {
            let value = match value {
                Value::Text(text) => text.clone(),
                Value::Secret(secret) => secrets.get(secret).unwrap_or_default().to_owned(),
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
        if is_clone {
            all.insert("HOME".into(), folder.clone_home().to_string_lossy().into_owned());
        }
        let mut environment = Environment::new(all);
        if !is_clone {
            environment.notes.extend(self.refused.iter().cloned());
        }
        environment
    }
}

#[cfg(test)]
mod tests;
