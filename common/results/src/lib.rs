//! `results.json` of a run, as far as a comment tells of it: schemas 1 to 3, never more than the file says, and nothing
//! where it is not whole.

mod file;
mod read;

use std::path::Path;

use jiff::Timestamp;

pub use read::parse;

/// The content of a results file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Results {
    /// The run's id: the number of its build.
    pub run: String,
    /// The commit it was of, where that is said.
    pub commit: Option<String>,
    /// The pull request's number, where that is said.
    pub pull: Option<i64>,
    /// The recipe, where that is said.
    pub recipe: Option<String>,
    /// The recipe's version.
    pub version: Option<String>,
    /// True for the quick mode; `None` where the file does not say.
    pub quick: Option<bool>,
    /// True if the run has ended.
    pub done: bool,
    /// The phase.
    pub phase: Option<String>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it was over.
    pub finished: Option<Timestamp>,
    /// The verdict, if the file has one.
    pub verdict: Option<Verdict>,
    /// The level it claims.
    pub claimed: Option<u8>,
    /// The rungs in their order, those that the file names.
    pub rungs: Vec<Rung>,
    /// The failed tests, first to last.
    pub failed: Vec<Test>,
    /// The version before the upgrade, or the reason why there was none.
    pub base: Option<String>,
    /// True if the teardown removed everything.
    pub clean: Option<bool>,
    /// True if the output of the run holds no secret.
    pub tight: Option<bool>,
    /// Names of the files it left.
    pub artefacts: Vec<String>,
    /// The error that kept the run from a verdict.
    pub error: Option<Trouble>,
}

/// The verdict of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that has to pass did.
    Pass,
    /// Something did not.
    Fail,
    /// The run could not tell.
    Error,
}

/// A rung's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is the rung of the same name")]
pub enum Name {
    Install,
    Upgrade,
    Backup,
    Restore,
    Custom,
    Lint,
}

impl Name {
    /// All of them, in their order.
    pub const ALL: [Self; 6] = [Self::Install, Self::Upgrade, Self::Backup, Self::Restore, Self::Custom, Self::Lint];

    /// As it is written.
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

/// How a rung went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Passed.
    Pass,
    /// Failed.
    Fail,
    /// Declared not to apply.
    Skip,
    /// Nothing is known of it.
    Unverified,
}

/// A rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// Which.
    pub name: Name,
    /// How it went.
    pub status: Status,
    /// The reason for the status.
    pub reason: Option<String>,
    /// How long it took.
    pub seconds: Option<u64>,
}

/// A test that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// On which rung.
    pub rung: Option<Name>,
    /// The name.
    pub name: String,
    /// The end of what it wrote.
    pub output: String,
}

/// The error that kept a run from a verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trouble {
    /// The message.
    pub message: String,
    /// The cause.
    pub causes: Vec<String>,
    /// The remedy.
    pub hint: Option<String>,
}

/// The identity of a run. Numbers of builds repeat after a new installation of Drone, so the number alone is not enough.
#[derive(Debug, Clone, Copy)]
pub struct Of<'a> {
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

/// The results of a run, if they are there, whole, and its own.
pub fn of(runs: &Path, of: Of<'_>) -> Option<Results> {
    let bytes = file::read(runs, &of.build.to_string())?;
    parse(&bytes).filter(|results| results.are(of))
}

impl Results {
    /// True if the results are of that run. Fields that are missing do not differ, except the run's id.
    pub fn are(&self, of: Of<'_>) -> bool {
        let is_hash =
            |commit: &&String| matches!(commit.len(), 40 | 64) && commit.bytes().all(|b| b.is_ascii_hexdigit());
        self.run == of.build.to_string()
            && self.commit.as_ref().filter(is_hash).is_none_or(|commit| commit.eq_ignore_ascii_case(of.commit))
            && self.pull.is_none_or(|pull| pull == of.pull)
            && self.recipe.as_ref().is_none_or(|recipe| recipe.eq_ignore_ascii_case(of.recipe))
            && self.quick.is_none_or(|quick| quick == of.quick)
    }

    /// The level, as far as the rungs bear it out: the highest that passed with nothing below it failed or unknown.
    /// Nothing for the short way, nor before the end, nor where no rung is told of.
    pub fn level(&self) -> Option<u8> {
        if self.quick == Some(true) || !self.done || self.rungs.is_empty() {
            return None;
        }
        let of = |name: Name| {
            self.rungs.iter().find(|rung| rung.name == name).map_or(Status::Unverified, |rung| rung.status)
        };
        let together = match (of(Name::Backup), of(Name::Restore)) {
            (Status::Skip, Status::Skip) => Status::Skip,
            (Status::Pass | Status::Skip, Status::Pass | Status::Skip) => Status::Pass,
            _ => Status::Fail,
        };
        let ladder = [of(Name::Install), of(Name::Upgrade), together, of(Name::Custom), of(Name::Lint)];
        let borne = ladder.iter().zip(1_u8..).take_while(|(status, _)| matches!(status, Status::Pass | Status::Skip));
        let borne = borne.filter(|(status, _)| **status == Status::Pass).map(|(_, level)| level).last().unwrap_or(0);
        Some(self.claimed.unwrap_or(borne).min(borne))
    }

    /// True if the run passed and no other field contradicts that.
    pub fn passed(&self) -> bool {
        let fell = |rung: &Rung| rung.status == Status::Fail && rung.name != Name::Lint;
        self.done
            && matches!(self.verdict, None | Some(Verdict::Pass))
            && self.error.is_none()
            && !self.rungs.iter().any(fell)
    }
}

#[cfg(test)]
mod tests;
