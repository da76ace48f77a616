//! A pipeline, from its YAML: read strictly, so that nothing a repository asks for is passed over in silence.

mod document;
mod error;
mod graph;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::environment;
use super::rpc::wire::architecture;
pub use document::Value;
use document::{Document, Head, RawStep};
pub use error::Error;
pub use graph::Turn;

/// The name of the step that fetches the repository.
pub const CLONE: &str = "clone";

/// More steps than anybody writes by hand.
const MOST_STEPS: usize = 200;

/// What is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Where in the stage's folder the steps run.
    pub workspace: PathBuf,
    /// The steps, in order; the one that fetches the repository first, unless it is disabled.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is one thing a pipeline says of a step")]
pub struct Step {
    /// Its name, unique in its pipeline.
    pub name: String,
    /// What it does.
    pub work: Work,
    /// The variables it asks for.
    pub environment: BTreeMap<String, Value>,
    /// The steps it waits for, by their place.
    pub after: Vec<usize>,
    /// The same by name, as it was written.
    pub depends_on: Vec<String>,
    /// Whether it runs when nothing has failed.
    pub on_success: bool,
    /// Whether it runs when something has failed.
    pub on_failure: bool,
    /// Whether its failure counts.
    pub is_ignored: bool,
    /// Whether the others go on beside it.
    pub is_detached: bool,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Runs these lines of shell.
    Commands(Vec<String>),
    /// Fetches the repository, with this many commits; all of them when there is no number.
    Clone(Option<u32>),
}

impl Pipeline {
    /// Reads the pipeline `name` out of a file with one or more. `settings` are the variables that the runner's
    /// configuration sets.
    pub fn read(text: &str, name: &str, settings: &BTreeMap<String, String>) -> Result<Self, Error> {
        let mut found = None;
        for (line, document) in documents(text) {
            let head: Option<Head> = document::read(document, line)?;
            if let Some(head) = head.filter(|head| head.kind == "pipeline" && head.name() == name) {
                found = Some((line, document, head));
                break;
            }
        }
        let (line, document, head) = found.ok_or_else(|| Error::Missing { name: name.into() })?;
        if head.pipeline_type != "exec" {
            return Err(Error::Type { pipeline_type: head.pipeline_type });
        }
        let document: Document = document::read(document, line)?;
        Self::from_document(document, settings)
    }

    fn from_document(document: Document, settings: &BTreeMap<String, String>) -> Result<Self, Error> {
        let platform = document.platform.unwrap_or_default();
        let is_ours = |asked: &Option<String>, ours: &str| asked.as_deref().is_none_or(|asked| asked == ours);
        if !is_ours(&platform.os, "linux") || !is_ours(&platform.arch, architecture()) {
            let or_any = |asked: Option<String>| asked.unwrap_or_else(|| "any".into());
            return Err(Error::Platform { os: or_any(platform.os), arch: or_any(platform.arch) });
        }
        let workspace = document.workspace.and_then(|workspace| workspace.path).unwrap_or_default();
        if workspace.is_absolute() || workspace.components().any(|part| part.as_os_str() == "..") {
            return Err(Error::Workspace { path: workspace });
        }
        let clone = document.clone.unwrap_or_default();
        let mut steps = Vec::new();
        if !clone.disable {
            steps.push(Step::clone(clone.depth.filter(|depth| *depth > 0)));
        }
        if document.steps.is_empty() {
            return Err(Error::Empty);
        }
        if document.steps.len() > MOST_STEPS {
            return Err(Error::Many { number: document.steps.len(), most: MOST_STEPS });
        }
        for raw in document.steps {
            let step = Step::from_raw(raw, settings)?;
            if steps.iter().any(|other: &Step| other.name == step.name) {
                return Err(Error::Twice { name: step.name });
            }
            steps.push(step);
        }
        graph::connect(&mut steps)?;
        Ok(Self { workspace, steps })
    }
}

impl Step {
    fn clone(depth: Option<u32>) -> Self {
        Self {
            name: CLONE.into(),
            work: Work::Clone(depth),
            environment: BTreeMap::new(),
            after: Vec::new(),
            depends_on: Vec::new(),
            on_success: true,
            on_failure: false,
            is_ignored: false,
            is_detached: false,
        }
    }

    fn from_raw(raw: RawStep, settings: &BTreeMap<String, String>) -> Result<Self, Error> {
        let name = raw.name;
        // The name is on Drone's page, in the journal and in a unit's description.
        if name.trim().is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
            return Err(Error::Name { name });
        }
        if raw.commands.is_empty() {
            return Err(Error::NoCommands { step: name });
        }
        if raw.commands.iter().any(|command| command.contains('\0')) {
            return Err(Error::Nul { step: name });
        }
        for (variable, value) in &raw.environment {
            let text = if let Value::Text(text) = value { text.as_str() } else { "" };
            environment::check(variable, text, settings).map_err(|why| Error::Variable {
                step: name.clone(),
                variable: variable.clone(),
                why: why.words(),
            })?;
        }
        let when = raw.when.unwrap_or_default().status.unwrap_or_default();
        let (on_success, on_failure) = when.read().map_err(|word| Error::When { step: name.clone(), word })?;
        let is_ignored = match raw.failure.as_deref() {
            None => false,
            Some("ignore") => true,
            Some(word) => return Err(Error::Failure { step: name, word: word.into() }),
        };
        Ok(Self {
            name,
            work: Work::Commands(raw.commands),
            environment: raw.environment,
            after: Vec::new(),
            depends_on: raw.depends_on,
            on_success,
            on_failure,
            is_ignored,
            is_detached: raw.detach,
        })
    }
}

/// The documents of a YAML stream with the line each begins at. A line that begins with `---` is a document's beginning
/// wherever it stands, also within text: YAML forbids it there.
fn documents(text: &str) -> Vec<(usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_marker = |line: &str| {
        line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
    };
    let (mut found, mut begin, mut first, mut at) = (Vec::new(), 0, 0, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if is_marker(line) {
            found.push((first, &text[begin..at]));
            (begin, first) = (at, number);
        }
        at += line.len();
    }
    found.push((first, &text[begin..]));
    found.retain(|(_, document)| !document.trim_start_matches("---").trim().is_empty());
    found
}

#[cfg(test)]
mod tests;
