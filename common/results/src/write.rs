//! Writes `results.json` in schema 3.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::level::level;
use crate::{FILE, RunError, RungName, RungStatus, Verdict};

/// The schema that is written.
const SCHEMA: u8 = 3;

/// Everything that a run reports. The level is not a field: [`Report::level`] derives it from the rungs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The run's id: the number of its build.
    pub run_id: String,
    /// The recipe.
    pub recipe: String,
    /// The recipe's version.
    pub version: Option<String>,
    /// The commit.
    #[serde(rename = "ref")]
    pub commit: String,
    /// The pull request's number.
    #[serde(rename = "pr")]
    pub pull: Option<i64>,
    /// The repository: `recipes/hedgedoc`.
    #[serde(rename = "src")]
    pub source: String,
    /// The kind of the commit.
    pub kind: RunKind,
    /// The mode.
    pub mode: Mode,
    /// The state.
    pub state: State,
    /// The phase that the run is in, or ended in.
    pub phase: String,
    /// The start of the run.
    pub started: Timestamp,
    /// The end of the run.
    pub finished: Option<Timestamp>,
    /// The verdict; `None` before the end.
    pub verdict: Option<Verdict>,
    /// The rungs that are decided.
    pub rungs: BTreeMap<RungName, RungReport>,
    /// All tests, in the order they ran.
    pub tests: Vec<TestReport>,
    /// The version before the upgrade.
    pub base: Base,
    /// The recipe's own parts of the run.
    pub customisation: Customisation,
    /// Checks after the teardown.
    pub flags: Flags,
    /// Findings of the static checks.
    pub findings: Vec<Finding>,
    /// The differences between the two versions of the upgrade.
    pub upgrade_diff: Option<UpgradeDiff>,
    /// The side that is at fault for a run without success.
    pub fault: Option<Fault>,
    /// The number of attempts, this one included.
    pub attempts: u32,
    /// Seconds of each phase, in the order of the phases.
    #[serde(serialize_with = "in_order")]
    pub timings: Vec<(String, f64)>,
    /// The files beside this one.
    pub artefacts: Vec<Artefact>,
    /// The error that kept the run from a verdict.
    pub error: Option<RunError>,
}

/// The kind of the tested commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunKind {
    /// A released tag.
    Release,
    /// The head of a branch.
    Branch,
    /// The head of a pull request.
    Pull,
}

/// The mode of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All rungs.
    Full,
    /// Install and custom only. Has no level.
    Quick,
}

/// The state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The run goes on; the file is written again after every phase.
    Running,
    /// The run has ended.
    Done,
}

/// The result of a rung.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RungReport {
    /// The status.
    pub status: RungStatus,
    /// The reason for the status.
    pub reason: Option<String>,
    /// The duration in seconds.
    pub seconds: f64,
}

/// The result of a test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestReport {
    /// The rung of the test.
    pub rung: RungName,
    /// The name.
    pub name: String,
    /// The status.
    pub status: RungStatus,
    /// The duration in seconds.
    pub seconds: f64,
    /// The end of the output.
    pub output_tail: String,
}

/// The version before the upgrade.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Base {
    /// The version; `None` without an upgrade.
    pub version: Option<String>,
    /// The reason for this version, or for none.
    pub why: Option<String>,
}

/// The parts that the recipe's own test folder adds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Customisation {
    /// True with a `compose.ccci.yml`.
    pub overlay: bool,
    /// True with own steps of the installation.
    pub install_steps: bool,
    /// The names of the hooks.
    pub hooks: Vec<String>,
    /// The versions declared untestable.
    pub untestable: Vec<String>,
}

/// Checks after the teardown; `None` for a check that was not made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Flags {
    /// True if the teardown removed everything.
    pub clean_teardown: Option<bool>,
    /// True if the output holds no secret.
    pub no_secret_leak: Option<bool>,
}

/// A finding of a static check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the check.
    pub check: String,
    /// The severity.
    pub severity: String,
    /// The file, service or key.
    #[serde(rename = "where")]
    pub place: String,
    /// The finding.
    pub text: String,
    /// The remedy.
    pub hint: Option<String>,
}

/// The differences between the two versions of an upgrade, a line each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "each is the list of the same name")]
pub struct UpgradeDiff {
    pub images: Vec<String>,
    pub env_keys: Vec<String>,
    pub configs: Vec<String>,
    pub services: Vec<String>,
    pub notes: Vec<String>,
}

/// The side that is at fault for a run without success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// The recipe.
    Recipe,
    /// The server: a stopped runner, a reboot, a full disk.
    Server,
}

/// A file beside `results.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Artefact {
    /// The file name.
    pub name: String,
    /// The size.
    pub bytes: u64,
    /// The media type: `image/svg+xml`.
    pub media_type: String,
}

/// The document: a report with its schema and level.
#[derive(Serialize)]
struct Document<'a> {
    schema: u8,
    level: Option<u8>,
    #[serde(flatten)]
    report: &'a Report,
}

/// Writes an object whose fields keep their order.
fn in_order<S: Serializer>(timings: &[(String, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(timings.iter().map(|(phase, seconds)| (phase, seconds)))
}

impl Report {
    /// Returns the level; `None` before the end and for the quick mode.
    pub fn level(&self) -> Option<u8> {
        let status = |name| self.rungs.get(&name).map_or(RungStatus::Unverified, |rung| rung.status);
        (self.state == State::Done && self.mode == Mode::Full).then(|| level(status))
    }

    /// Returns the document.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(&Document { schema: SCHEMA, level: self.level(), report: self })?;
        text.push(b'\n');
        Ok(text)
    }

    /// Replaces `results.json` in the run's directory, so that a reader sees the old document or the new one.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        base::file::replace(&directory.join(FILE), &self.to_json()?, 0o644)
    }
}

#[cfg(test)]
mod tests;
