//! `triggers.json`: all open triggers and the newest others, for the dashboard.
//!
//! ```json
//! {"schema": 1, "version": "0.1.0", "now": "2026-11-21T12:00:00Z",
//!  "problems": {"poll org:recipes": "Gitea cannot be reached (…)"}, "notes": {},
//!  "counts": {"reported": 12, "building": 1},
//!  "triggers": [{"comment": 4711, "repository": "recipes/hello", "pull": 7, "author": "mara",
//!    "command": "test", "quick": false, "created": "…", "state": "building", "changed": "…", "problem": null,
//!    "head": "0a1b…", "build": {"number": 31, "builds_ahead": null, "started": "…", "finished": null},
//!    "outcome": null, "reason": null, "joined_trigger": null}]}
//! ```
//!
//! - `state`: `seen`, `refused`, `forgotten`, `answered`, `joined`, `authorised`, `cancelling`, `cancelled`, `building`,
//!   `ended`, `reported` or `failed`
//! - `problem`: the problem in words for a pull request; the bridge retries
//! - `problems`, `notes`: for the operator, by subject
//! - `build.builds_ahead`: the number of builds before a queued one in Drone
//! - `outcome` of a build: `passed`, `failed`, `cancelled`, `error`, `deleted` or `lost`
//! - `reason` of a refusal (`stranger`, `closed`, `archived`, `no_recipe`, `too_old`, `moved`), or of a failure in words
//! - `joined_trigger`: the trigger whose build this one shares
//!
//! Readers ignore unknown keys.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::trigger::{Command, Outcome, Progress, State, StateKind, Trigger};
use crate::{Bridge, ledger};

/// The number of newest triggers.
const NEWEST: usize = 100;

#[derive(Serialize)]
struct Shown {
    schema: u32,
    version: &'static str,
    now: Timestamp,
    problems: BTreeMap<String, String>,
    notes: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, i64>,
    triggers: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    comment: i64,
    repository: String,
    pull: i64,
    author: String,
    command: &'static str,
    quick: bool,
    created: Timestamp,
    state: &'static str,
    changed: Timestamp,
    problem: Option<String>,
    head: Option<String>,
    build: Option<BuildRow>,
    outcome: Option<Outcome>,
    reason: Option<Reason>,
    joined_trigger: Option<i64>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Reason {
    Refused(&'static str),
    Failed(String),
}

#[derive(Serialize)]
struct BuildRow {
    number: i64,
    builds_ahead: Option<u32>,
    started: Option<Timestamp>,
    finished: Option<Timestamp>,
}

impl From<Trigger> for Row {
    fn from(trigger: Trigger) -> Self {
        let (command, quick) = match trigger.command {
            Command::Test { quick } => ("test", quick),
            Command::Cancel => ("cancel", false),
            Command::Help => ("help", false),
            Command::Unknown => ("unknown", false),
        };
        let build = trigger.state.build().map(|build| BuildRow {
            number: build.number,
            builds_ahead: match build.progress {
                Progress::Queued { builds_ahead } => Some(builds_ahead),
                Progress::Running | Progress::Over => None,
            },
            started: build.started,
            finished: build.finished,
        });
        let (mut outcome, mut reason, mut joined_trigger) = (None, None, None);
        match &trigger.state {
            State::Ended { outcome: how, .. } | State::Reported { outcome: how, .. } => outcome = Some(*how),
            State::Refused { reason: why } => reason = Some(Reason::Refused(why.name())),
            State::Failed { reason: why, .. } => reason = Some(Reason::Failed(why.to_string())),
            State::Joined { joined_trigger: other } => joined_trigger = Some(*other),
            _ => {}
        }
        Self {
            comment: trigger.comment,
            repository: trigger.pull.repository.to_string(),
            pull: trigger.pull.number,
            author: trigger.author,
            command,
            quick,
            created: trigger.created,
            state: trigger.state.kind().name(),
            changed: trigger.changed,
            problem: trigger.problem.map(|problem| problem.to_string()),
            head: trigger.state.order().map(|order| order.head.clone()),
            build,
            outcome,
            reason,
            joined_trigger,
        }
    }
}

/// Returns the text of the file.
pub fn text(bridge: &Bridge) -> Result<String, ledger::Error> {
    let open: Vec<StateKind> = StateKind::ALL.into_iter().filter(|kind| !kind.is_end()).collect();
    let mut triggers = bridge.ledger.newest(NEWEST)?;
    triggers.extend(bridge.ledger.of_kinds(&open)?);
    triggers.sort_by_key(|trigger| std::cmp::Reverse(trigger.comment));
    triggers.dedup_by_key(|trigger| trigger.comment);
    let counts = bridge.ledger.counts()?;
    let shown = Shown {
        schema: 1,
        version: env!("CARGO_PKG_VERSION"),
        now: bridge.clock.now(),
        problems: bridge.health.problems(),
        notes: bridge.health.notes(),
        counts: counts.into_iter().map(|(kind, count)| (kind.name(), count)).collect(),
        triggers: triggers.into_iter().map(Row::from).collect(),
    };
    Ok(serde_json::json!(shown).to_string())
}
