//! `results.json`: the result of a run. [`Report`] writes schema 3; [`read`], [`Runs`] and [`parse`] read schemas 1 to 3 and
//! never claim more than the file says. The level of a run has one rule for both.

mod lenient;
mod level;
mod parse;
mod read;
mod write;

use std::path::Path;
use std::time::Duration;

use base::commit::is_commit;
use jiff::Timestamp;
use serde::Serialize;

pub use parse::parse;
pub use read::{ResultsFile, Runs, Unreadable};
pub use write::{
    Artefact, Base, Customisation, Fault, Finding, Flags, Mode, Report, RunKind, RungReport, State, TestReport,
    UpgradeDiff,
};

/// The file name in the run's directory.
const FILE: &str = "results.json";

/// The content of a results file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Results {
    /// The run's id: the number of its build.
    pub run: String,
    /// The commit.
    pub commit: Option<String>,
    /// The pull request's number.
    pub pull: Option<i64>,
    /// The repository: `recipes/hedgedoc`.
    pub source: Option<String>,
    /// The kind of the commit; schemas 1 and 2 do not say it.
    pub kind: Option<RunKind>,
    /// The recipe.
    pub recipe: Option<String>,
    /// The recipe's version.
    pub version: Option<String>,
    /// True for the quick mode; `None` where the file does not say.
    pub quick: Option<bool>,
    /// True if the run has ended.
    pub done: bool,
    /// The phase.
    pub phase: Option<String>,
    /// The start of the run.
    pub started: Option<Timestamp>,
    /// The end of the run.
    pub finished: Option<Timestamp>,
    /// The verdict, if the file has one.
    pub verdict: Option<Verdict>,
    /// The level that the file claims.
    pub claimed_level: Option<u8>,
    /// The rungs in their order, those that the file names.
    pub rungs: Vec<Rung>,
    /// The tests in the order they ran.
    pub tests: Vec<Test>,
    /// The version before the upgrade.
    pub base: Base,
    /// The recipe's own parts of the run.
    pub customisation: Customisation,
    /// True if the teardown removed everything.
    pub clean_teardown: Option<bool>,
    /// True if the output of the run holds no secret.
    pub no_secret_leak: Option<bool>,
    /// Findings of the static checks.
    pub findings: Vec<Finding>,
    /// The differences between the two versions of the upgrade.
    pub upgrade_diff: Option<UpgradeDiff>,
    /// The side that is at fault for a run without success.
    pub fault: Option<Fault>,
    /// The number of attempts, this one included.
    pub attempts: Option<u32>,
    /// The duration of each phase, in the order of the file.
    pub timings: Vec<(String, Duration)>,
    /// The files beside this one. A size of 0 and an empty media type mean that the file does not say them.
    pub artefacts: Vec<Artefact>,
    /// The error that kept the run from a verdict.
    pub error: Option<RunError>,
    /// The number of list entries that are not here: odd ones, and those beyond the limit.
    pub left_out: usize,
}

/// The verdict of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All required rungs passed.
    Pass,
    /// A required rung failed.
    Fail,
    /// The run could not tell.
    Error,
}

/// A rung's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "each is the rung of the same name")]
pub enum RungName {
    Install,
    Upgrade,
    Backup,
    Restore,
    Custom,
    Lint,
}

impl RungName {
    /// All rungs in their order.
    pub const ALL: [Self; 6] = [Self::Install, Self::Upgrade, Self::Backup, Self::Restore, Self::Custom, Self::Lint];

    /// The name in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Upgrade => "upgrade",
            Self::Backup => "backup",
            Self::Restore => "restore",
            Self::Custom => "custom",
            Self::Lint => "lint",
        }
    }
}

/// The status of a rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RungStatus {
    /// Passed.
    Pass,
    /// Failed.
    Fail,
    /// Declared not to apply.
    Skip,
    /// Not tested.
    #[serde(rename = "unver")]
    Unverified,
}

impl RungStatus {
    /// The word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::Unverified => "unver",
        }
    }
}

/// A rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// The name.
    pub name: RungName,
    /// The status.
    pub status: RungStatus,
    /// The reason for the status.
    pub reason: Option<String>,
    /// The duration.
    pub seconds: Option<u64>,
}

/// A test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// The rung.
    pub rung: Option<RungName>,
    /// The name; empty if the file does not say it.
    pub name: String,
    /// The status.
    pub status: RungStatus,
    /// The duration.
    pub duration: Option<Duration>,
    /// The end of its output.
    pub output: String,
}

/// The error that kept a run from a verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RunError {
    /// The message.
    pub message: String,
    /// The cause.
    pub causes: Vec<String>,
    /// The remedy.
    pub hint: Option<String>,
}

/// The identity of a run. Numbers of builds repeat after a new installation of Drone, so the number alone is not enough.
#[derive(Debug, Clone, Copy)]
pub struct RunIdentity<'a> {
    /// The build's number.
    pub build: i64,
    /// The commit.
    pub commit: &'a str,
    /// The pull request's number.
    pub pull: i64,
    /// The recipe.
    pub recipe: &'a str,
    /// True for the quick mode.
    pub quick: bool,
}

/// Returns the results of a run; `None` if they are missing, or those of another run.
pub fn read(runs: &Path, run: RunIdentity<'_>) -> Result<Option<Results>, Unreadable> {
    let all = match Runs::open(runs) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        all => all.map_err(Unreadable::Io)?,
    };
    let Some(file) = all.results(&run.build.to_string())? else { return Ok(None) };
    Ok(Some(file.read()?).filter(|results| results.belongs_to(run)))
}

impl Results {
    /// True if the results are of that run. Fields that are missing do not differ, except the run's id.
    pub fn belongs_to(&self, run: RunIdentity<'_>) -> bool {
        // A name is no commit.
        let is_hash = |commit: &&String| is_commit(&commit.to_ascii_lowercase());
        self.run == run.build.to_string()
            && self.commit.as_ref().filter(is_hash).is_none_or(|commit| commit.eq_ignore_ascii_case(run.commit))
            && self.pull.is_none_or(|pull| pull == run.pull)
            && self.recipe.as_ref().is_none_or(|recipe| recipe.eq_ignore_ascii_case(run.recipe))
            && self.quick.is_none_or(|quick| quick == run.quick)
    }

    /// The failed tests in the order they ran.
    pub fn failed_tests(&self) -> impl Iterator<Item = &Test> {
        self.tests.iter().filter(|test| test.status == RungStatus::Fail)
    }

    /// Returns the level, as far as the rungs support the level that the file claims. `None` for the quick mode, before
    /// the end, and without rungs.
    pub fn level(&self) -> Option<u8> {
        if self.quick == Some(true) || !self.done || self.rungs.is_empty() {
            return None;
        }
        let status = |name: RungName| {
            self.rungs.iter().find(|rung| rung.name == name).map_or(RungStatus::Unverified, |rung| rung.status)
        };
        let supported = level::level(status);
        Some(self.claimed_level.unwrap_or(supported).min(supported))
    }

    /// True if the run passed and no other field contradicts that.
    pub fn passed(&self) -> bool {
        let has_failed = |rung: &Rung| rung.status == RungStatus::Fail && rung.name != RungName::Lint;
        self.done
            && matches!(self.verdict, None | Some(Verdict::Pass))
            && self.error.is_none()
            && !self.rungs.iter().any(has_failed)
    }
}

#[cfg(test)]
mod tests;
