//! The environment of one step, and what may not be shown of it.

use std::collections::BTreeMap;
use std::fs;

use secrecy::{ExposeSecret, SecretString};

use super::Folder;
use crate::environment::{check, drone};
use crate::mask::Secrets;
use crate::pipeline;
use crate::pipeline::{CLONE, Pipeline, Step, Value, Work};
use crate::rpc::wire::{Details, Status};
use crate::settings::Settings;

/// The largest file whose content is hidden from logs.
const LARGEST: u64 = 64 * 1024;

/// The variables that are the same for all steps of a stage, and the names of parameters that were not taken, with why.
#[derive(Debug)]
pub struct Common {
    /// What pipelines may replace: the build's parameters.
    parameters: BTreeMap<String, String>,
    /// What nobody replaces.
    fixed: BTreeMap<String, String>,
    /// A sentence for each parameter that was not taken.
    pub refused: Vec<String>,
}

impl Common {
    /// Of this stage.
    pub fn new(settings: &Settings, details: &Details, machine: &str, folder: &Folder) -> Self {
        let mut parameters = BTreeMap::new();
        let mut refused = Vec::new();
        for (name, value) in &details.build.params {
            match check(name, value, &settings.steps.environment) {
                Ok(()) => drop(parameters.insert(name.clone(), value.clone())),
                Err(why) => {
                    refused.push(format!("parameter {} was not passed on: it {}", name.escape_debug(), why.words()));
                }
            }
        }
        let mut fixed = drone(details, machine);
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
        // Last: neither Drone nor a parameter has a say in these.
        fixed.extend(settings.steps.environment.clone());
        Self { parameters, fixed, refused }
    }

    /// Of this step.
    pub fn of_step(
        &self,
        step: &Step,
        place: usize,
        folder: &Folder,
        secrets: &Named,
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
        all.insert("DRONE_STEP_NUMBER".into(), (place + 1).to_string());
        if matches!(step.work, Work::Clone(_)) {
            all.insert("HOME".into(), folder.clone_home().to_string_lossy().into_owned());
        }
        all
    }
}

/// Drone's secrets by name.
#[derive(Clone)]
pub struct Named(BTreeMap<String, String>);

impl std::fmt::Debug for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Named {
    /// All that this build may have.
    pub fn new(details: &Details) -> Self {
        // The repository's own come first and are meant where an organisation has one of the same name.
        let all = details.secrets.iter().rev().map(|secret| (secret.name.clone(), secret.data.clone()));
        Self(all.collect())
    }

    /// Whether there is one for every variable that asks for one.
    pub fn check(&self, pipeline: &Pipeline) -> Result<(), pipeline::Error> {
        for step in &pipeline.steps {
            for (variable, value) in &step.environment {
                let Value::Secret(secret) = value else { continue };
                let step = step.name.clone();
                match self.0.get(secret) {
                    None => return Err(pipeline::Error::Secret { step, secret: secret.clone() }),
                    Some(value) if !crate::environment::is_value(value) => {
                        let why = "holds control characters";
                        return Err(pipeline::Error::Variable { step, variable: variable.clone(), why });
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }
}

/// Everything that a log must not show: Drone's secrets, access to the repository, what the server and its runners share,
/// and the steps' credentials.
pub fn hidden(settings: &Settings, details: &Details, rpc: &SecretString) -> Secrets {
    let small =
        |path: &std::path::PathBuf| fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= LARGEST);
    let files = settings.steps.credentials.values().filter(|path| small(path));
    let files: Vec<String> = files.filter_map(|path| fs::read_to_string(path).ok()).collect();
    let drone = details.secrets.iter().map(|secret| secret.data.as_str());
    let netrc = details.netrc.iter().map(|netrc| netrc.password.as_str());
    Secrets::new(drone.chain(netrc).chain([rpc.expose_secret()]).chain(files.iter().map(String::as_str)))
}

/// What the step that fetches the repository finds as `.netrc`.
pub fn netrc(details: &Details) -> Option<String> {
    let netrc = details.netrc.as_ref()?;
    let is_word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    let is_whole = is_word(&netrc.machine) && is_word(&netrc.login) && is_word(&netrc.password);
    is_whole.then(|| format!("machine {} login {} password {}\n", netrc.machine, netrc.login, netrc.password))
}

/// Whether the pipeline fetches the repository.
pub fn fetches(pipeline: &Pipeline) -> bool {
    pipeline.steps.first().is_some_and(|step| step.name == CLONE && matches!(step.work, Work::Clone(_)))
}
