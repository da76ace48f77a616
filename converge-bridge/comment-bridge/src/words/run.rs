//! The parts of a comment about a run.

use super::{Facts, Rank, ShownState, amount, evidence, notice};
use crate::markdown::{code, link, picture};
use crate::problem::Problem;
use crate::trigger::{BuildRecord, Command, Outcome, State, Trigger};
use results::{Results, RungStatus};

/// Adds all parts about a run.
pub fn add_parts(
    facts: &Facts<'_>,
    run: &Trigger,
    shown: ShownState,
    joined: Option<&Trigger>,
    parts: &mut Vec<(Rank, String)>,
) {
    let build = run.state.build();
    let results = build.and_then(|build| facts.results.get(&build.number));
    parts.push((Rank::State, headline(facts, run, shown, results)));
    parts.extend(explanation(facts, run, shown, results).map(|text| (Rank::Remark, text)));
    let remarks: Vec<String> = [
        is_quick(run).then(|| {
            "Quick run: only install and custom tests, so of lower confidence. `!testme` runs all tests.".to_owned()
        }),
        joined.and_then(|_| notice::joined(facts, run)),
        repeated(facts, run, shown),
        moved(facts, run, shown),
    ]
    .into_iter()
    .flatten()
    .collect();
    parts.extend(remarks.into_iter().map(|remark| (Rank::Remark, remark)));
    if !shown.is_open()
        && let Some(results) = results
    {
        parts.extend(evidence::table(results).map(|table| (Rank::Table, table)));
        parts.extend(evidence::remarks(results).into_iter().map(|remark| (Rank::Remark, remark)));
        if shown != ShownState::Passed {
            parts.extend(evidence::why(results).map(|why| (Rank::Evidence, why)));
        }
    }
}

/// Returns the first line: the status, the commit, the duration and the links.
fn headline(facts: &Facts<'_>, run: &Trigger, shown: ShownState, results: Option<&Results>) -> String {
    let quick = is_quick(run);
    let (sign, word) = match shown {
        ShownState::Waiting if matches!(run.problem, Some(Problem::Gitea(_))) => ("⏳", "Waiting for Gitea"),
        ShownState::Waiting => ("⏳", "Waiting for Drone"),
        ShownState::Queued(_) => ("⏳", "Queued"),
        ShownState::Running => ("▶️", "Running"),
        // A quick run gets no green sign.
        ShownState::Passed if quick => ("⚡", "Passed the quick run"),
        ShownState::Passed => ("✅", "Passed"),
        ShownState::Contradicted => ("⚠️", "Unclear"),
        ShownState::Failed if quick => ("❌", "Failed the quick run"),
        ShownState::Failed => ("❌", "Failed"),
        ShownState::Error => ("⚠️", "Could not be tested"),
        ShownState::Cancelled => ("⏹️", "Cancelled"),
        ShownState::Deleted => ("⚠️", "Deleted in Drone"),
        ShownState::Unbuilt => ("⚠️", "Not started"),
    };
    let mut line = vec![format!("{sign} **{word}**")];
    let ended = matches!(shown, ShownState::Passed | ShownState::Failed);
    line.extend(results.filter(|_| ended && !quick).and_then(|results| level(facts, run, results)));
    let version = results.and_then(|results| results.version.as_deref()).map(|version| code(version, 60));
    let of = [version.filter(|version| !version.is_empty()), head(run).map(short)];
    let of: Vec<String> = of.into_iter().flatten().collect();
    if !of.is_empty() {
        line.push(of.join(" at "));
    }
    line.extend(run.state.build().filter(|_| !shown.is_open()).and_then(|build| took(build, results)));
    line.extend(run.state.build().map(|build| links(facts, shown, build)));
    line.join(" · ")
}

/// Returns the level, as a picture if the run has drawn one.
fn level(facts: &Facts<'_>, run: &Trigger, results: &Results) -> Option<String> {
    let level = format!("level {} of 5", results.level()?);
    let drawn = results.artefacts.iter().any(|file| file.name == "badge.svg");
    match (page(facts, run.state.build()?.number), drawn) {
        (Some(page), true) => Some(picture(&level, &format!("{page}/badge.svg"))),
        _ => Some(level),
    }
}

/// Returns the sentence after the first line.
fn explanation(facts: &Facts<'_>, run: &Trigger, shown: ShownState, results: Option<&Results>) -> Option<String> {
    let hours = amount::count(u32::try_from(facts.settings.give_up_hours).unwrap_or(u32::MAX), "hour", "hours");
    let problem = run.problem;
    let retries = |problem: Problem| format!("{problem}. The bot tries again for up to {hours}.");
    let waits = |problem: Problem| format!("{problem}. This comment is updated when that is over.");
    match shown {
        ShownState::Waiting => problem.map(retries),
        ShownState::Queued(builds_ahead) => Some(match (builds_ahead, problem) {
            (_, Some(problem)) => waits(problem),
            (0, None) => "This run is next.".into(),
            (ahead, None) => format!("{} ahead of this one.", amount::count(ahead, "run is", "runs are")),
        }),
        ShownState::Running => match (problem, results.and_then(progress)) {
            (Some(problem), _) => Some(waits(problem)),
            (None, progress) => progress,
        },
        ShownState::Passed if results.is_none() => Some("The run left no results; only Drone reports success.".into()),
        ShownState::Contradicted => Some("Drone reports success, but the results of the run do not confirm it.".into()),
        ShownState::Error if is_lost(run) => {
            Some("Drone did not report the end of the run within its timeout. The bot ended the run.".into())
        }
        ShownState::Error if results.is_none() => {
            Some("Drone could not run the build; the log shows the reason.".into())
        }
        ShownState::Deleted => Some("The result is not known.".into()),
        ShownState::Unbuilt => {
            let State::Failed { reason, .. } = &run.state else { return None };
            Some(format!("The build could not be started within {hours}: {reason}. Comment `!testme` to try again."))
        }
        _ => None,
    }
}

/// True for a run whose end Drone did not tell.
fn is_lost(run: &Trigger) -> bool {
    match &run.state {
        State::Ended { outcome, .. } | State::Reported { outcome, .. } => *outcome == Outcome::Lost,
        _ => false,
    }
}

/// Returns the progress that the run itself reports.
fn progress(results: &Results) -> Option<String> {
    let phase = results.phase.as_deref().filter(|_| !results.done)?;
    let passed: Vec<&str> =
        results.rungs.iter().filter(|rung| rung.status == RungStatus::Pass).map(|rung| rung.name.as_str()).collect();
    let failed = results.rungs.iter().filter(|rung| rung.status == RungStatus::Fail).map(|rung| rung.name.as_str());
    let failed: Vec<&str> = failed.collect();
    let mut line = format!("Now: {}", code(phase, 40));
    if !passed.is_empty() {
        line += &format!(" · passed: {}", passed.join(", "));
    }
    if !failed.is_empty() {
        line += &format!(" · failed: {}", failed.join(", "));
    }
    Some(line)
}

/// Returns the remark that the server ended the first run of the order.
fn repeated(facts: &Facts<'_>, run: &Trigger, shown: ShownState) -> Option<String> {
    let first = link("first run", &log(facts, run.state.order()?.repeats?));
    let is = if shown.is_open() { "is" } else { "was" };
    Some(format!("The {first} ended because of the server, not of the recipe, so it {is} run once more."))
}

/// Returns the remark that the pull request has a newer head.
fn moved(facts: &Facts<'_>, run: &Trigger, shown: ShownState) -> Option<String> {
    let (now, then) = (facts.head?, head(run)?);
    (!shown.is_open() && !now.eq_ignore_ascii_case(then))
        .then(|| format!("The head of the pull request is now {}. Comment `!testme` to test it.", short(now)))
}

fn links(facts: &Facts<'_>, shown: ShownState, build: &BuildRecord) -> String {
    let label = match shown {
        ShownState::Queued(_) => "build in Drone",
        ShownState::Running => "live log",
        _ => "log",
    };
    let mut links = vec![link(label, &log(facts, build.number))];
    links.extend(page(facts, build.number).filter(|_| !shown.is_open()).map(|page| link("run", &page)));
    links.join(" · ")
}

/// The address of a build's log in Drone.
pub fn log(facts: &Facts<'_>, build: i64) -> String {
    format!("{}/{}/{build}", facts.settings.drone.trim_end_matches('/'), facts.settings.repository)
}

/// The address of a run in the dashboard.
pub fn page(facts: &Facts<'_>, build: i64) -> Option<String> {
    let dashboard = facts.settings.dashboard.as_deref()?;
    Some(format!("{}/runs/{build}", dashboard.trim_end_matches('/')))
}

/// Returns the duration of a run: Drone's, else the run's own.
fn took(build: &BuildRecord, results: Option<&Results>) -> Option<String> {
    let by_drone = build.started.zip(build.finished);
    let by_run = results.and_then(|results| results.started.zip(results.finished));
    let (started, finished) = by_drone.or(by_run)?;
    amount::duration(finished.as_second() - started.as_second())
}

/// The commit of a run.
pub fn head(run: &Trigger) -> Option<&str> {
    run.state.order().map(|order| order.head.as_str())
}

/// Returns a short commit id as inline code.
pub fn short(head: &str) -> String {
    let short: String = head.chars().take(8).collect();
    code(&short, 8)
}

/// True for a quick run.
pub fn is_quick(run: &Trigger) -> bool {
    run.command == Command::Test { quick: true } || run.state.order().is_some_and(|order| order.quick)
}
