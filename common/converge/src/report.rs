//! The report of the last run, for people and programs. No run reads it.

use std::fs;
use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use base::error::Explained;
use base::fact::Fact;
use base::plan::{Block, Drift, Wait};

/// The version of the report's shape.
pub const SCHEMA: u32 = 1;

/// The outcome of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The run goes on. A report that says so after its process has ended was left by a killed run.
    Running,
    /// The desired state held already.
    Unchanged,
    /// The desired state holds now.
    Changed,
    /// Drift: a difference that only an operator may repair.
    Drifted,
    /// Only an operator can go on.
    Blocked,
    /// A change, a call or a wait failed.
    Failed,
}

impl Outcome {
    /// Returns the word in reports and on the status line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
            Self::Drifted => "drifted",
            Self::Blocked => "blocked",
            Self::Failed => "failed",
        }
    }

    /// True if the desired state holds.
    pub fn holds(self) -> bool {
        matches!(self, Self::Unchanged | Self::Changed)
    }
}

/// The result of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeResult {
    /// In progress.
    Running,
    /// Done.
    Done,
    /// Failed.
    Failed,
}

/// One change of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangeReport {
    /// The round it belongs to, from 1.
    pub round: u32,
    /// The sequence it belongs to.
    pub sequence: String,
    /// The change in one line.
    pub change: String,
    /// The changed object.
    pub object: String,
    /// The result.
    pub result: ChangeResult,
    /// Seconds it took.
    pub seconds: f64,
    /// The error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Explained>,
}

/// The report of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub schema: u32,
    /// The converger's name.
    pub converger: String,
    /// The version.
    pub version: String,
    /// The outcome.
    pub outcome: Outcome,
    /// The line `systemctl status` shows.
    pub status: String,
    /// The start.
    pub started: Timestamp,
    /// The end.
    pub finished: Option<Timestamp>,
    /// Seconds it took.
    pub seconds: f64,
    /// Rounds with changes.
    pub rounds: u32,
    /// The changes, in the order they were made.
    pub changes: Vec<ChangeReport>,
    /// The waits that remain.
    pub waits: Vec<Wait>,
    /// The drift.
    pub drift: Vec<Drift>,
    /// The blocks: only an operator can go on.
    pub blocked: Vec<Block>,
    /// The facts.
    pub facts: Vec<Fact>,
    /// The error of a failed run.
    pub error: Option<Explained>,
    /// `sha256:<hex>` of the configuration.
    pub configuration: String,
}

impl Report {
    /// The report of a run that begins now.
    pub fn begin(converger: &str, configuration: String, now: Timestamp) -> Self {
        Self {
            schema: SCHEMA,
            converger: converger.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            outcome: Outcome::Running,
            status: String::new(),
            started: now,
            finished: None,
            seconds: 0.0,
            rounds: 0,
            changes: Vec::new(),
            waits: Vec::new(),
            drift: Vec::new(),
            blocked: Vec::new(),
            facts: Vec::new(),
            error: None,
            configuration,
        }
    }

    /// Writes it by rename, so that a reader never sees half of one.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        base::file::replace(path, &text, 0o644)
    }

    /// Reads the JSON of a report.
    pub fn read(path: &Path) -> io::Result<serde_json::Value> {
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }
}
