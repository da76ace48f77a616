//! A pipeline, read from its YAML. Unknown keys are errors, so that no request of a repository is ignored.

mod document;
mod error;
mod graph;
mod pattern;
mod when;
mod yaml;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::environment::{check_name, value_problem};
use super::rpc::wire::{Details, architecture};
pub use document::Value;
use document::{Document, RawStep};
pub use error::Error;
pub use graph::StepAction;
use when::When;
use yaml::Node;

/// The name of the step that clones the repository.
pub const CLONE: &str = "clone";

/// The limit of steps.
const MAX_STEPS: usize = 200;

/// A pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// The working directory of the steps, relative to the stage's folder.
    pub workspace: PathBuf,
    /// The steps, in order. The clone is first, unless it is disabled.
    pub steps: Vec<Step>,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a key of a step")]
pub struct Step {
    /// The name, unique in its pipeline.
    pub name: String,
    /// The commands, or the clone.
    pub kind: StepKind,
    /// The variables of this step.
    pub environment: BTreeMap<String, Value>,
    /// The indices of the steps before it.
    pub after: Vec<usize>,
    /// The same names as in the file.
    pub depends_on: Vec<String>,
    /// True if it runs when no step has failed.
    pub on_success: bool,
    /// True if it runs when a step has failed.
    pub on_failure: bool,
    /// True if its failure does not fail the stage.
    pub is_ignored: bool,
    /// True if later steps do not wait for its end.
    pub is_detached: bool,
    when: When,
}

/// The work of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepKind {
    /// Runs these shell commands.
    Commands(Vec<String>),
    /// Clones the repository with this depth; with its whole history if `None`.
    Clone(Option<u32>),
}

impl Pipeline {
    /// Reads the pipeline `name` from a pipeline file. `settings` has the variables of the runner's configuration.
    pub fn read(text: &str, name: &str, settings: &BTreeMap<String, String>) -> Result<Self, Error> {
        let mut broken = None;
        let mut others = Vec::new();
        for (lines_before, document) in documents(text) {
            let node = match Node::parse(&document, lines_before) {
                Ok(node) => node,
                // The pipeline may stand in another document.
                Err(error) => {
                    broken.get_or_insert(error);
                    continue;
                }
            };
            let Some(node) = node.filter(|node| document::is_pipeline(node, name)) else { continue };
            match node.text_of("type") {
                Some("exec") => return Self::from_document(node.read_extended(document::is_extension)?, settings),
                other => others.push(other.unwrap_or_default().to_owned()),
            }
        }
        match (others.into_iter().next(), broken) {
            (Some(pipeline_type), _) if pipeline_type.is_empty() => Err(Error::NoType),
            (Some(pipeline_type), _) => Err(Error::Type { pipeline_type }),
            (None, Some(error)) => Err(error.into()),
            (None, None) => Err(Error::Missing { name: name.into() }),
        }
    }

    /// The pipeline without the steps that are not for this build. Drone shows none of them.
    #[must_use]
    pub fn of_build(mut self, details: &Details) -> Self {
        graph::retain(&mut self.steps, |step| step.when.has_build(details));
        self
    }

    fn from_document(document: Document, settings: &BTreeMap<String, String>) -> Result<Self, Error> {
        let platform = document.platform.unwrap_or_default();
        let fits = |wanted: &Option<String>, ours: &str| wanted.as_deref().is_none_or(|wanted| wanted == ours);
        if !fits(&platform.os, "linux") || !fits(&platform.arch, architecture()) {
            let or_any = |wanted: Option<String>| wanted.unwrap_or_else(|| "any".into());
            return Err(Error::Platform { os: or_any(platform.os), arch: or_any(platform.arch) });
        }
        let workspace = document.workspace.and_then(|workspace| workspace.path).unwrap_or_default();
        let is_passed = value_problem("DRONE_WORKSPACE", &workspace.to_string_lossy()).is_none();
        if !is_passed || workspace.is_absolute() || workspace.components().any(|part| part.as_os_str() == "..") {
            return Err(Error::Workspace { path: workspace });
        }
        let clone = document.clone.unwrap_or_default();
        let mut steps = Vec::new();
        if !clone.disable {
            steps.push(Step::clone(u32::try_from(clone.depth).ok().filter(|depth| *depth > 0)));
        }
        if document.steps.is_empty() {
            return Err(Error::Empty);
        }
        if document.steps.len() > MAX_STEPS {
            return Err(Error::Many { number: document.steps.len(), most: MAX_STEPS });
        }
        for raw in document.steps {
            let step = Step::from_raw(raw, settings)?;
            if steps.iter().any(|other: &Step| other.name == step.name) {
                return Err(Error::Twice { name: step.name });
            }
            steps.push(step);
        }
        clone.configure_git(&mut steps);
        graph::connect(&mut steps, clone.disable)?;
        Ok(Self { workspace, steps })
    }
}

impl Step {
    fn clone(depth: Option<u32>) -> Self {
        Self {
            name: CLONE.into(),
            kind: StepKind::Clone(depth),
            environment: BTreeMap::new(),
            after: Vec::new(),
            depends_on: Vec::new(),
            on_success: true,
            on_failure: false,
            is_ignored: false,
            is_detached: false,
            when: When::default(),
        }
    }

    fn from_raw(raw: RawStep, settings: &BTreeMap<String, String>) -> Result<Self, Error> {
        let name = raw.name;
        // Drone's page, the journal and the description of a unit show the name.
        let is_passed = value_problem("DRONE_STEP_NAME", &name).is_none();
        if name.trim().is_empty() || name.len() > 100 || name.chars().any(char::is_control) || !is_passed {
            return Err(Error::Name { name });
        }
        if raw.commands.is_empty() {
            return Err(Error::NoCommands { step: name });
        }
        if raw.commands.iter().any(|command| command.contains('\0')) {
            return Err(Error::Nul { step: name });
        }
        for variable in raw.environment.keys() {
            check_name(variable, settings).map_err(|reason| Error::Variable {
                step: name.clone(),
                variable: variable.clone(),
                reason,
            })?;
        }
        let when = raw.when.unwrap_or_default();
        let (on_success, on_failure) = when.statuses().map_err(|word| Error::When { step: name.clone(), word })?;
        let is_ignored = match raw.failure.as_deref() {
            None => false,
            Some(word) if word.eq_ignore_ascii_case("ignore") => true,
            Some(word) => return Err(Error::Failure { step: name, word: word.into() }),
        };
        Ok(Self {
            name,
            kind: StepKind::Commands(raw.commands),
            environment: raw.environment,
            after: Vec::new(),
            depends_on: raw.depends_on,
            on_success,
            on_failure,
            is_ignored,
            is_detached: raw.detach,
            when,
        })
    }
}

impl document::Clone {
    /// Sets git's variables for the keys `skip_verify` and `trace`, as Drone does: in every step, unless it sets them.
    fn configure_git(&self, steps: &mut [Step]) {
        for (name, _) in
            [("GIT_SSL_NO_VERIFY", self.skip_verify), ("GIT_TRACE", self.trace)].iter().filter(|(_, is)| *is)
        {
            for step in &mut *steps {
                step.environment.entry((*name).into()).or_insert_with(|| Value::Text("true".into()));
            }
        }
    }
}

/// Splits a file into documents as Drone does, each with the number of lines before it: a line that begins with `---` begins
/// a document and is not part of it, and one that begins with `...` ends the file. Carriage returns at the ends of lines are
/// dropped, and so is a document without content: a directive such as `%YAML 1.1` stands before the first `---`. Authors write
/// `$${NAME}` for a name that Drone must not replace, and this runner replaces none.
fn documents(text: &str) -> Vec<(usize, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = vec![(0, String::new())];
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("...") {
            break;
        }
        if line.starts_with("---") {
            found.push((number + 1, String::new()));
        } else if let Some((_, document)) = found.last_mut() {
            document.push_str(&line.replace("$${", "${"));
            document.push('\n');
        }
    }
    let is_content = |line: &str| !line.trim().is_empty() && !line.starts_with(['#', '%']);
    found.retain(|(_, document)| document.lines().any(is_content));
    found
}

#[cfg(test)]
mod tests;
