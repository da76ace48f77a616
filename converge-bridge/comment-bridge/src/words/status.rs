//! The commit status `cc-ci/testme`, of full runs only: a quick run neither sets nor changes it.

use super::{Facts, ShownState, Subject, run, shown_state};
use crate::problem::Problem;
use crate::trigger::Trigger;
use base::terminal::line;
use http::gitea::{Reached, Status};
use results::Results;

/// The name of the status.
const CONTEXT: &str = "cc-ci/testme";

/// The greatest length of a description, in characters.
const LONGEST: usize = 140;

/// Returns the status of each commit in the comment, by its newest full run.
pub fn statuses(facts: Facts<'_>) -> Vec<(String, Status)> {
    let subject = Subject::of(facts.triggers);
    let mut full: Vec<&Trigger> = subject.runs().filter(|run| !run::is_quick(run)).collect();
    full.sort_by_key(|run| std::cmp::Reverse(run.comment));
    let mut statuses: Vec<(String, Status)> = Vec::new();
    for run in full {
        let Some(head) = run::head(run) else { continue };
        if !statuses.iter().any(|(commit, _)| commit == head) {
            statuses.push((head.to_owned(), of(&facts, run)));
        }
    }
    statuses
}

fn of(facts: &Facts<'_>, run: &Trigger) -> Status {
    let build = run.state.build();
    let results = build.and_then(|build| facts.results.get(&build.number));
    let shown = shown_state::of(facts, run);
    let level = results.and_then(Results::level).map(|level| format!(", level {level} of 5")).unwrap_or_default();
    let (reached, words) = match shown {
        ShownState::Waiting if matches!(run.problem, Some(Problem::Gitea(_))) => {
            (Reached::Pending, "waiting for Gitea".into())
        }
        ShownState::Waiting => (Reached::Pending, "waiting for Drone".into()),
        ShownState::Queued(_) => (Reached::Pending, "queued".into()),
        ShownState::Running => (Reached::Pending, "running".into()),
        ShownState::Passed => (Reached::Success, format!("passed{level}")),
        ShownState::Failed => (Reached::Failure, format!("failed{level}")),
        ShownState::Contradicted => (Reached::Error, "unclear: the results do not confirm success".into()),
        ShownState::Error => (Reached::Error, "could not be tested".into()),
        ShownState::Cancelled => (Reached::Error, "cancelled".into()),
        ShownState::Deleted => (Reached::Error, "deleted in Drone".into()),
        ShownState::Unbuilt => (Reached::Error, "not started: the build could not be made".into()),
    };
    let page = build.filter(|_| !shown.is_open()).and_then(|build| run::page(facts, build.number));
    let target_url = page.or_else(|| build.map(|build| run::log(facts, build.number)));
    Status { state: reached, context: CONTEXT.into(), description: line(&words, LONGEST), target_url }
}
