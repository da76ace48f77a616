//! The line about other runs of the pull request.

use super::{Facts, ShownState, run, shown_state};
use crate::markdown::link;
use crate::trigger::Trigger;

/// Returns one line about these runs, newest first.
pub fn line(facts: &Facts<'_>, runs: &[&Trigger]) -> Option<String> {
    let told: Vec<String> = runs.iter().map(|other| one(facts, other)).collect();
    (!told.is_empty()).then(|| format!("<sub>Other runs: {}</sub>", told.join(" · ")))
}

fn one(facts: &Facts<'_>, other: &Trigger) -> String {
    let shown = shown_state::of(facts, other);
    let word = match shown {
        ShownState::Waiting => "waiting",
        ShownState::Queued(_) => "queued",
        ShownState::Running => "running",
        ShownState::Passed => "passed",
        ShownState::Contradicted => "unclear",
        ShownState::Failed => "failed",
        ShownState::Error => "error",
        ShownState::Cancelled => "cancelled",
        ShownState::Deleted => "deleted",
        ShownState::Unbuilt => "not started",
    };
    let build = other.state.build();
    let level =
        build.and_then(|build| facts.results.get(&build.number)?.level()).filter(|_| shown == ShownState::Passed);
    let quick = if run::is_quick(other) { "quick " } else { "" };
    let word = match level {
        Some(level) if !run::is_quick(other) => format!("{quick}{word}, level {level}"),
        _ => format!("{quick}{word}"),
    };
    let word = match build {
        Some(build) => link(&word, &run::log(facts, build.number)),
        None => word,
    };
    match run::head(other) {
        Some(head) => format!("{word} {}", run::short(head)),
        None => word,
    }
}
