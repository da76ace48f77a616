//! Records a run while it goes on: in the report, the status line, the journal and on the terminal.

use std::path::PathBuf;
use std::time::Instant;

use jiff::Timestamp;

use super::message_id;
use super::progress::Progress;
use super::report::{ChangeReport, ChangeResult, Outcome, Report};
use base::clock::Clock;
use base::error::{Explain, Explained};
use base::fact::Fact;
use base::plan::Plan;

/// The record of one run.
#[derive(Debug)]
pub struct Record {
    report: Report,
    path: Option<PathBuf>,
    progress: Progress,
    clock: Clock,
    began: Instant,
}

impl Record {
    /// Writes the first report.
    pub fn begin(name: &str, configuration: String, clock: Clock, path: Option<PathBuf>, progress: Progress) -> Self {
        let report = Report::begin(name, configuration, clock.now());
        let mut record = Self { report, path, progress, clock, began: Instant::now() };
        record.set_status("looking");
        record.write();
        record
    }

    /// The report so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// True if any change was made or attempted.
    pub fn has_changes(&self) -> bool {
        !self.report.changes.is_empty()
    }

    /// Records the facts and the plan of a round.
    pub fn observed<T>(&mut self, facts: Vec<Fact>, plan: &Plan<T>) {
        self.report.facts = facts;
        self.report.waits.clone_from(&plan.waits);
        self.report.drift.clone_from(&plan.drift);
        self.report.blocked.clone_from(&plan.blocks);
    }

    /// Counts a round with changes.
    pub fn round(&mut self) {
        self.report.rounds += 1;
    }

    /// Records the start of a change.
    pub fn change_begins(&mut self, sequence: &str, change: String, object: String) {
        self.set_status(&change);
        self.progress.begin(&change);
        self.report.changes.push(ChangeReport {
            round: self.report.rounds,
            sequence: sequence.into(),
            change,
            object,
            result: ChangeResult::Running,
            seconds: 0.0,
            error: None,
        });
        self.write();
    }

    /// Records the end of the change begun last.
    pub fn change_ends(&mut self, took: std::time::Duration, error: Option<&dyn Explain>) {
        let name = self.report.converger.clone();
        let Some(last) = self.report.changes.last_mut() else { return };
        last.seconds = took.as_secs_f64();
        last.error = error.map(Explained::new);
        if let Some(error) = &last.error {
            last.result = ChangeResult::Failed;
            tracing::error!(
                message_id = message_id::CHANGE_FAILED,
                converger = name,
                change = last.change,
                object = last.object,
                "could not {}: {error}",
                last.change
            );
        } else {
            last.result = ChangeResult::Done;
            tracing::info!(
                message_id = message_id::CHANGE_DONE,
                converger = name,
                change = last.change,
                object = last.object,
                "done: {} ({:.1} s)",
                last.change,
                last.seconds
            );
        }
        self.progress.end(last.result == ChangeResult::Done, took);
        self.write();
    }

    /// Records the first wait, unless `last` is the same text.
    pub fn waiting(&mut self, last: &mut String) {
        let Some(wait) = self.report.waits.first() else { return };
        let now = format!("waiting for {}: {}", wait.for_what, wait.seen);
        if *last == now {
            return;
        }
        tracing::info!(converger = self.report.converger, "{now}");
        self.set_status(&now);
        self.progress.begin(&now);
        self.write();
        *last = now;
    }

    /// Records the end of the run.
    pub fn end(mut self, outcome: Outcome, error: Option<Explained>) -> Report {
        self.progress.clear();
        self.report.outcome = outcome;
        self.report.error = error;
        let now: Timestamp = self.clock.now();
        self.report.finished = Some(now);
        self.report.seconds = self.began.elapsed().as_secs_f64();
        self.log_findings();
        let line = status_line(&self.report);
        self.log_outcome(&line);
        self.set_status(&line);
        self.write();
        self.report
    }

    fn log_findings(&self) {
        let converger = self.report.converger.as_str();
        for (fact, warning) in self.report.facts.iter().filter_map(|fact| Some((fact, fact.warning.as_ref()?))) {
            tracing::warn!(
                message_id = message_id::WARNING,
                converger,
                object = fact.name,
                "{}\nhint: {}",
                warning.message,
                warning.hint
            );
        }
        for drift in &self.report.drift {
            tracing::error!(
                message_id = message_id::DRIFT,
                converger,
                object = drift.object,
                "drift: {}: {}\nhint: {}",
                drift.object,
                drift.reason,
                drift.commands.join("\n      ")
            );
        }
        for block in &self.report.blocked {
            tracing::error!(
                message_id = message_id::BLOCKED,
                converger,
                object = block.object,
                "blocked: {}: {}\nhint: {}",
                block.object,
                block.reason,
                block.hint
            );
        }
    }

    fn log_outcome(&self, line: &str) {
        let converger = self.report.converger.as_str();
        if self.report.outcome.holds() {
            tracing::info!(message_id = message_id::OUTCOME, converger, "{line}");
        } else if let Some(error) = &self.report.error {
            tracing::error!(message_id = message_id::OUTCOME, converger, "failed: {error}");
        } else {
            tracing::error!(message_id = message_id::OUTCOME, converger, "{line}");
        }
    }

    fn set_status(&mut self, line: &str) {
        self.report.status = line.into();
        systemd::notify::status(line);
    }

    /// A report that cannot be written is only a warning: no run reads it.
    fn write(&mut self) {
        let Some(path) = &self.path else { return };
        self.report.seconds = self.began.elapsed().as_secs_f64();
        if let Err(error) = self.report.write(path) {
            tracing::warn!("cannot write the report {}: {error}", path.display());
            self.path = None;
        }
    }
}

/// Returns one line for `systemctl status`: `unchanged · traefik 3.8.0+v3.6.15 · certificate until 2027-02-11`.
fn status_line(report: &Report) -> String {
    let mut parts = vec![report.outcome.word().to_owned()];
    match report.outcome {
        Outcome::Failed => parts.extend(report.error.as_ref().map(|error| error.message.clone())),
        Outcome::Blocked => parts.extend(report.blocked.first().map(|block| block.reason.clone())),
        Outcome::Drifted => parts.extend(report.drift.first().map(|drift| drift.reason.clone())),
        Outcome::Running | Outcome::Unchanged => {}
        Outcome::Changed => {
            let made = report.changes.iter().filter(|change| change.result == ChangeResult::Done).count();
            parts.push(format!("{made} change{}", if made == 1 { "" } else { "s" }));
        }
    }
    parts.extend(report.facts.iter().filter_map(|fact| fact.status.clone()));
    let warnings = report.facts.iter().filter(|fact| fact.warning.is_some()).count();
    if warnings > 0 {
        parts.push(format!("{warnings} warning{}", if warnings == 1 { "" } else { "s" }));
    }
    // systemd takes one line.
    parts.join(" · ").replace('\n', " ")
}
