//! A converger: the outcome of its last run, and the problems that it tells of.

use jiff::Timestamp;

use super::{CLOCK_DIFFERENCE, Condition, Problem, json, places_of};
use crate::host::report::{Fact, Outcome, Report};
use crate::host::source::Source;
use crate::host::units::Unit;
use crate::host::words::{When, age, counted, duration};

/// The age of a run that goes on, of which no unit tells, above which it is a warning, in seconds.
const LONG_RUN: u64 = 30 * 60;

/// A converger in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The name.
    pub name: &'static str,
    /// The outcome in a word, or the reason why there is none.
    pub word: &'static str,
    /// The condition.
    pub condition: Condition,
    /// The end of the run, else its start.
    pub when: Option<When>,
    /// The duration.
    pub took: Option<String>,
    /// The number of changes made.
    pub changes: usize,
    /// The number of differences that it does not repair.
    pub drift: usize,
    /// The releases that are held.
    pub held: Vec<String>,
    /// The status line and the changes. Private.
    pub texts: Vec<String>,
}

impl Piece {
    /// The converger of this name. `unit` is its unit in a current file of host-status.
    pub fn new(
        name: &'static str,
        source: &Source,
        unit: Option<&Unit>,
        now: Timestamp,
        problems: &mut Vec<Problem>,
    ) -> (Self, Option<Report>) {
        let mut piece = Self {
            name,
            word: "no report",
            condition: Condition::Unknown,
            when: None,
            took: None,
            changes: 0,
            drift: 0,
            held: Vec::new(),
            texts: Vec::new(),
        };
        let parsed = match source {
            Source::Missing => {
                piece.missing(unit, problems);
                return (piece, None);
            }
            Source::Unreadable(reason) => Err(reason.clone()),
            Source::Bytes(bytes) => Report::parse(name, bytes),
        };
        let report = match parsed {
            Ok(report) => report,
            Err(reason) => {
                (piece.word, piece.condition) = ("unreadable", Condition::Bad);
                let what = format!("The report of converge-{name} cannot be read");
                problems.push(Problem::new(Condition::Bad, what, places_of(name)).with_texts([format!("It {reason}")]));
                return (piece, None);
            }
        };
        piece.fill(&report, now);
        piece.judge(&report, unit, now, problems);
        (piece, Some(report))
    }

    fn missing(&mut self, unit: Option<&Unit>, problems: &mut Vec<Problem>) {
        match unit {
            Some(unit) if unit.load == "not-found" => self.word = "not on this host",
            Some(unit) if unit.active == "activating" || unit.has_job => self.word = "starting",
            Some(unit) if unit.is_loaded() => {
                (self.word, self.condition) = ("never ran", Condition::Bad);
                let what = format!("converge-{} has not run since the host was booted", self.name);
                problems.push(Problem::new(Condition::Bad, what, places_of(self.name)));
            }
            _ => {}
        }
    }

    fn fill(&mut self, report: &Report, now: Timestamp) {
        let done = report.changes.iter().filter(|change| change.result == "done");
        self.word = report.outcome.word();
        self.when = report.finished.or(report.started).map(|time| When::new(time, now));
        self.took = report.finished.and(report.seconds).map(duration);
        self.changes = done.count();
        self.drift = report.drift.len();
        self.held = report.facts("held_release").map(held_tag).collect();
        self.texts.extend(report.status.clone());
        self.texts.extend(report.changes.iter().map(|change| format!("{}: {}", change.result, change.text)));
    }

    fn judge(&mut self, report: &Report, unit: Option<&Unit>, now: Timestamp, problems: &mut Vec<Problem>) {
        let name = self.name;
        let bad = |what: String| Problem::new(Condition::Bad, what, places_of(name));
        let hint = |hint: &Option<String>| hint.iter().map(|hint| format!("hint: {hint}")).collect::<Vec<_>>();
        self.condition = Condition::Good;
        let before = problems.len();
        match report.outcome {
            Outcome::Unchanged | Outcome::Changed | Outcome::Drifted | Outcome::Blocked => {}
            Outcome::Running => {
                self.condition = Condition::Unknown;
                problems.extend(running(name, report, unit, now));
            }
            Outcome::Failed => {
                let mut problem = bad(format!("converge-{name} has failed"));
                if let Some(error) = &report.error {
                    problem = problem.with_texts([error.text.clone()]).with_texts(hint(&error.hint));
                }
                problems.push(problem.with_texts(report.waits.iter().map(|wait| format!("waited for {wait}"))));
            }
        }
        if !report.blocked.is_empty() || report.outcome == Outcome::Blocked {
            let texts = report.blocked.iter().flat_map(|block| [vec![block.text.clone()], hint(&block.hint)].concat());
            problems.push(bad(format!("converge-{name} is blocked: only an operator can go on")).with_texts(texts));
        }
        if !report.drift.is_empty() || report.outcome == Outcome::Drifted {
            let count = counted(report.drift.len(), "difference");
            let mut problem = bad(format!("{count} that converge-{name} does not repair by itself"));
            for drift in &report.drift {
                problem.texts.push(drift.text.clone());
                problem.commands.extend(drift.commands.iter().cloned());
            }
            problems.push(problem);
        }
        if report.odd > 0 {
            let what = format!("{} of the report of converge-{name} cannot be read", counted(report.odd, "part"));
            problems.push(Problem::new(Condition::Warning, what, places_of(name)));
        }
        if [report.started, report.finished].into_iter().flatten().any(|time| is_ahead(time, now)) {
            let what = format!("The report of converge-{name} is from the future: a clock is wrong");
            problems.push(Problem::new(Condition::Warning, what, vec!["timedatectl".into()]));
        }
        for fact in &report.facts {
            problems.extend(warning(name, fact));
        }
        let worst = problems.iter().skip(before).map(|problem| problem.condition).min();
        self.condition = worst.unwrap_or(self.condition).min(self.condition);
    }
}

/// The problem of a run that has not ended.
fn running(name: &str, report: &Report, unit: Option<&Unit>, now: Timestamp) -> Option<Problem> {
    let (condition, what) = match unit {
        Some(unit) if unit.active == "activating" || unit.has_job => return None,
        Some(_) => (Condition::Bad, format!("The last run of converge-{name} was killed before its end")),
        None => {
            let age = report.started.map(|started| age(started, now)).filter(|age| *age > LONG_RUN)?;
            (Condition::Warning, format!("converge-{name} has been running for {}", duration(age)))
        }
    };
    Some(Problem::new(condition, what, places_of(name)))
}

/// The warning of a fact. Certificate and networks are judged by their figures.
fn warning(name: &str, fact: &Fact) -> Option<Problem> {
    let warning = fact.warning.as_ref()?;
    let what = match fact.name.as_str() {
        "certificate_expires" => return None,
        network if network.starts_with("network_") => return None,
        "held_release" => format!("converge-{name} holds release {}", held_tag(fact)),
        other => format!("converge-{name} warns of {}", other.replace('_', " ")),
    };
    let hint = warning.hint.iter().map(|hint| format!("hint: {hint}"));
    let problem = Problem::new(Condition::Warning, what, places_of(name));
    Some(problem.with_texts([warning.text.clone()]).with_texts(hint))
}

fn held_tag(fact: &Fact) -> String {
    json::name(&fact.value, "tag").unwrap_or_else(|| "of another name".into())
}

/// True for a time further ahead than clocks differ.
fn is_ahead(time: Timestamp, now: Timestamp) -> bool {
    time.as_second() > now.as_second().saturating_add(CLOCK_DIFFERENCE)
}
