//! The model of the page: problems first, then convergers, units and figures. Pure.
//!
//! States, times and counts are for everybody. Texts of errors, addresses and commands are for those with the password:
//! [`Host::for_everybody`] removes them, and leaves the places on the host that have them.

mod figure;
mod piece;
mod unit;

use jiff::Timestamp;

use super::bridge::Bridge;
use super::report::Report;
use super::source::{Source, Sources};
use super::units::Units;
use super::words::{When, age, counted, duration};
use super::{CONVERGERS, json};

pub use figure::Figure;
pub use piece::Piece;
pub use unit::UnitRow;

/// A time further ahead than this is a wrong clock, in seconds.
const CLOCK_DIFFERENCE: i64 = 60;

/// The judgement of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// An operator must act.
    Bad,
    /// An operator should look at it soon.
    Warning,
    /// It is not known.
    Unknown,
    /// It is right.
    Good,
}

/// Something that an operator should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Bad or a warning.
    pub condition: Condition,
    /// The problem in words for everybody.
    pub what: String,
    /// The texts. Private.
    pub texts: Vec<String>,
    /// The commands that mend it. Private.
    pub commands: Vec<String>,
    /// The places on the host that tell more: paths and commands that only read.
    pub places: Vec<String>,
}

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// True if the private parts are there.
    pub is_private: bool,
    /// The time of the page.
    pub now: When,
    /// All of it in one line.
    pub summary: String,
    /// The condition of all of it.
    pub condition: Condition,
    /// The problems, bad ones first.
    pub problems: Vec<Problem>,
    /// The convergers.
    pub pieces: Vec<Piece>,
    /// The units.
    pub units: Vec<UnitRow>,
    /// Certificate, services, networks, disk, runner, bridge.
    pub figures: Vec<Figure>,
}

impl Condition {
    /// The word on the page and the name of the class.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Good => "good",
        }
    }
}

impl Problem {
    fn new(condition: Condition, what: impl Into<String>, places: Vec<String>) -> Self {
        Self { condition, what: what.into(), texts: Vec::new(), commands: Vec::new(), places }
    }

    fn with_texts(mut self, texts: impl IntoIterator<Item = String>) -> Self {
        self.texts.extend(texts);
        self
    }
}

impl Host {
    /// The model of these files, with its private parts.
    pub fn new(sources: &Sources, now: Timestamp) -> Self {
        let mut problems = Vec::new();
        let units = units(&sources.host, now, &mut problems);
        let current = units.as_ref().filter(|units| units.outdated_since.is_none());
        let mut pieces = Vec::new();
        let mut reports = Vec::new();
        for name in CONVERGERS {
            let source = sources.reports.get(name).unwrap_or(&Source::Missing);
            let unit = current.and_then(|units| units.get(&unit_of(name)));
            let (piece, report) = Piece::new(name, source, unit, now, &mut problems);
            pieces.push(piece);
            reports.extend(report.map(|report| (name, report)));
        }
        let rows = units.iter().flat_map(|units| &units.all);
        let rows = rows.map(|row| UnitRow::new(row, current.is_some(), now, &pieces, &mut problems)).collect();
        let mut figures = figure::of_reports(&reports, now, &mut problems);
        figures.extend(figure::of_disk(sources.disk, &mut problems));
        let has_bridge = reports.iter().any(|(name, report)| *name == "bridge" && report.outcome.holds());
        figures.extend(figure::of_bridge(bridge(&sources.bridge, &mut problems), has_bridge, now, &mut problems));
        problems.sort_by_key(|problem| problem.condition);
        let (condition, summary) = summary(&problems, &reports, now);
        Self { is_private: true, now: When::new(now, now), summary, condition, problems, pieces, units: rows, figures }
    }

    /// The same without its private parts.
    #[must_use]
    pub fn for_everybody(mut self) -> Self {
        self.is_private = false;
        for problem in &mut self.problems {
            problem.texts.clear();
            problem.commands.clear();
        }
        self.pieces.iter_mut().for_each(|piece| piece.texts.clear());
        self.units.iter_mut().for_each(|unit| unit.texts.clear());
        self
    }
}

/// The unit of a converger.
fn unit_of(name: &str) -> String {
    format!("converge-{name}.service")
}

/// The places that tell more of a converger.
fn places_of(name: &str) -> Vec<String> {
    vec![format!("/run/converge/{name}.json"), format!("journalctl -u {}", unit_of(name))]
}

fn units(source: &Source, now: Timestamp, problems: &mut Vec<Problem>) -> Option<Units> {
    let places = || vec!["/run/converge/host/host.json".into(), "journalctl -u host-status.service".into()];
    let warn = |what: &str| Problem::new(Condition::Warning, what, places());
    let parsed = match source {
        Source::Missing => {
            problems.push(warn("The states of the units are not known: host-status does not run"));
            return None;
        }
        Source::Unreadable(reason) => Err(reason.clone()),
        Source::Bytes(bytes) => Units::parse(bytes),
    };
    match parsed {
        Ok(units) => {
            if let Some(since) = units.outdated_since {
                let age = duration(age(since, now));
                problems
                    .push(warn(&format!("The states of the units are {age} old: systemd does not answer host-status")));
            }
            if units.odd > 0 {
                problems.push(warn(&format!("{} of host.json cannot be read", counted(units.odd, "unit"))));
            }
            Some(units)
        }
        Err(reason) => {
            problems.push(warn("The states of the units cannot be read").with_texts([format!("host.json {reason}")]));
            None
        }
    }
}

fn bridge(source: &Source, problems: &mut Vec<Problem>) -> Option<Bridge> {
    let parsed = match source {
        Source::Missing => return None,
        Source::Unreadable(reason) => Err(reason.clone()),
        Source::Bytes(bytes) => Bridge::parse(bytes),
    };
    parsed
        .map_err(|reason| {
            let problem =
                Problem::new(Condition::Bad, "The state of the bridge cannot be read", figure::bridge_places());
            problems.push(problem.with_texts([format!("triggers.json {reason}")]));
        })
        .ok()
}

/// The page in one line.
fn summary(problems: &[Problem], reports: &[(&str, Report)], now: Timestamp) -> (Condition, String) {
    let count = |condition| problems.iter().filter(|problem| problem.condition == condition).count();
    let (bad, warnings) = (count(Condition::Bad), count(Condition::Warning));
    let parts: Vec<String> = [(bad, "problem"), (warnings, "warning")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| counted(count, noun))
        .collect();
    if bad > 0 {
        (Condition::Bad, parts.join(", "))
    } else if reports.is_empty() {
        (Condition::Unknown, "No converger has reported since the host was booted".into())
    } else if warnings > 0 {
        (Condition::Warning, parts.join(", "))
    } else if reports.iter().all(|(_, report)| report.outcome.holds()) {
        let oldest = reports.iter().filter_map(|(_, report)| report.finished).min();
        let seen = oldest.map(|time| format!(", seen {}", When::new(time, now).age)).unwrap_or_default();
        (Condition::Good, format!("Everything is as declared: {}{seen}", counted(reports.len(), "converger")))
    } else {
        (Condition::Unknown, "A converger runs".into())
    }
}

#[cfg(test)]
mod tests;
