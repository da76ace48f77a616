//! What is said of a run.

use super::{Facts, Rank, Stage, amount, evidence, notice};
use crate::markdown::{code, link, picture, text};
use crate::trigger::{Build, Command, State, Trigger};
use results::{Results, RungStatus};

/// Says all there is to say of a run.
pub fn say(facts: &Facts<'_>, run: &Trigger, stage: Stage, joined: Option<&Trigger>, parts: &mut Vec<(Rank, String)>) {
    let build = run.state.build();
    let results = build.and_then(|build| facts.results.get(&build.number));
    parts.push((Rank::State, headline(facts, run, stage, results)));
    parts.extend(more(facts, run, stage, results).map(|more| (Rank::Remark, more)));
    let remarks: Vec<String> = [
        is_quick(run).then(|| {
            "Quick run: install and custom tests only, so of lower confidence. `!testme` runs everything.".to_owned()
        }),
        joined.and_then(|_| notice::joined(facts, run)),
        moved(facts, run, stage),
    ]
    .into_iter()
    .flatten()
    .collect();
    parts.extend(remarks.into_iter().map(|remark| (Rank::Remark, remark)));
    if !stage.is_open()
        && let Some(results) = results
    {
        parts.extend(evidence::table(results).map(|table| (Rank::Table, table)));
        parts.extend(evidence::remarks(results).into_iter().map(|remark| (Rank::Remark, remark)));
        if stage != Stage::Passed {
            parts.extend(evidence::why(results).map(|why| (Rank::Evidence, why)));
        }
    }
}

/// The first line: how it stands, of what.
fn headline(facts: &Facts<'_>, run: &Trigger, stage: Stage, results: Option<&Results>) -> String {
    let quick = is_quick(run);
    let (sign, word) = match stage {
        Stage::Waiting => ("⏳", "Waiting for Drone"),
        Stage::Queued(_) => ("⏳", "Queued"),
        Stage::Running => ("▶️", "Running"),
        // A quick run is no green.
        Stage::Passed if quick => ("⚡", "Passed the quick run"),
        Stage::Passed => ("✅", "Passed"),
        Stage::Contradicted => ("⚠️", "Unclear"),
        Stage::Failed if quick => ("❌", "Failed the quick run"),
        Stage::Failed => ("❌", "Failed"),
        Stage::Error => ("⚠️", "Could not be tested"),
        Stage::Cancelled => ("⏹️", "Cancelled"),
        Stage::Deleted => ("⚠️", "Deleted in Drone"),
        Stage::Unbuilt => ("⚠️", "Not started"),
    };
    let mut line = vec![format!("{sign} **{word}**")];
    let ended = matches!(stage, Stage::Passed | Stage::Failed);
    line.extend(results.filter(|_| ended && !quick).and_then(|results| level(facts, run, results)));
    let version = results.and_then(|results| results.version.as_deref()).map(|version| code(version, 60));
    let of = [version.filter(|version| !version.is_empty()), head(run).map(short)];
    let of: Vec<String> = of.into_iter().flatten().collect();
    if !of.is_empty() {
        line.push(of.join(" at "));
    }
    line.extend(run.state.build().filter(|_| !stage.is_open()).and_then(|build| took(build, results)));
    line.extend(run.state.build().map(|build| links(facts, stage, build)));
    line.join(" · ")
}

/// The level, as a picture where the run drew one.
fn level(facts: &Facts<'_>, run: &Trigger, results: &Results) -> Option<String> {
    let level = format!("level {} of 5", results.level()?);
    let drawn = results.artefacts.iter().any(|name| name == "badge.svg");
    match (page(facts, run.state.build()?.number), drawn) {
        (Some(page), true) => Some(picture(&level, &format!("{page}/badge.svg"))),
        _ => Some(level),
    }
}

/// The sentence after the first line.
fn more(facts: &Facts<'_>, run: &Trigger, stage: Stage, results: Option<&Results>) -> Option<String> {
    let hours = amount::count(u32::try_from(facts.settings.give_up_hours).unwrap_or(u32::MAX), "hour", "hours");
    let trouble = run.problem.as_deref().map(|trouble| text(trouble, 200)).filter(|trouble| !trouble.is_empty());
    let again = |trouble: String| format!("{trouble}. It is tried again, for up to {hours}.");
    match stage {
        Stage::Waiting => trouble.map(again),
        Stage::Queued(builds_ahead) => Some(match (builds_ahead, trouble) {
            (_, Some(trouble)) => format!("{trouble}. How it goes on is told when that is over."),
            (0, None) => "It is next.".into(),
            (before, None) => format!("{} before this one.", amount::count(before, "run is", "runs are")),
        }),
        Stage::Running => match (trouble, results.and_then(progress)) {
            (Some(trouble), _) => Some(format!("{trouble}. How it goes on is told when that is over.")),
            (None, progress) => progress,
        },
        Stage::Passed if results.is_none() => Some("The run left no results: this is Drone's word alone.".into()),
        Stage::Contradicted => Some("Drone says success, but what the run says of itself does not bear it out.".into()),
        Stage::Error if results.is_none() => {
            Some("Drone could not run the build as it should; its log says why.".into())
        }
        Stage::Deleted => Some("What came of it is not known.".into()),
        Stage::Unbuilt => {
            let State::Failed { reason, .. } = &run.state else { return None };
            Some(format!("No build could be made within {hours}: {}. `!testme` tries again.", text(reason, 200)))
        }
        _ => None,
    }
}

/// How far a run is, by its own word.
fn progress(results: &Results) -> Option<String> {
    let phase = results.phase.as_deref().filter(|_| !results.done)?;
    let passed: Vec<&str> =
        results.rungs.iter().filter(|rung| rung.status == RungStatus::Pass).map(|rung| rung.name.as_str()).collect();
    let fell = results.rungs.iter().filter(|rung| rung.status == RungStatus::Fail).map(|rung| rung.name.as_str());
    let fell: Vec<&str> = fell.collect();
    let mut line = format!("Now: {}", code(phase, 40));
    if !passed.is_empty() {
        line += &format!(" · passed: {}", passed.join(", "));
    }
    if !fell.is_empty() {
        line += &format!(" · failed: {}", fell.join(", "));
    }
    Some(line)
}

/// That the pull request has moved on since.
fn moved(facts: &Facts<'_>, run: &Trigger, stage: Stage) -> Option<String> {
    let (now, then) = (facts.head?, head(run)?);
    (!stage.is_open() && !now.eq_ignore_ascii_case(then))
        .then(|| format!("This is not the head any more, which is {} now: `!testme` tests that.", short(now)))
}

fn links(facts: &Facts<'_>, stage: Stage, build: &Build) -> String {
    let label = match stage {
        Stage::Queued(_) => "build in Drone",
        Stage::Running => "live log",
        _ => "log",
    };
    let mut links = vec![link(label, &log(facts, build.number))];
    links.extend(page(facts, build.number).filter(|_| !stage.is_open()).map(|page| link("run", &page)));
    links.join(" · ")
}

/// Where the log of a build is.
pub fn log(facts: &Facts<'_>, build: i64) -> String {
    format!("{}/{}/{build}", facts.settings.drone.trim_end_matches('/'), facts.settings.repository)
}

/// Where the dashboard shows a run.
pub fn page(facts: &Facts<'_>, build: i64) -> Option<String> {
    let dashboard = facts.settings.dashboard.as_deref()?;
    Some(format!("{}/runs/{build}", dashboard.trim_end_matches('/')))
}

/// How long it took.
fn took(build: &Build, results: Option<&Results>) -> Option<String> {
    let by_drone = build.started.zip(build.finished);
    let by_run = results.and_then(|results| results.started.zip(results.finished));
    let (started, finished) = by_drone.or(by_run)?;
    amount::duration(finished.as_second() - started.as_second())
}

/// The commit a run is of.
pub fn head(run: &Trigger) -> Option<&str> {
    match &run.state {
        State::Seen { head } => head.as_deref(),
        state => state.order().map(|order| order.head.as_str()),
    }
}

/// A commit, as people write it.
pub fn short(head: &str) -> String {
    let short: String = head.chars().take(8).collect();
    code(&short, 8)
}

/// Whether it goes the short way.
pub fn is_quick(run: &Trigger) -> bool {
    run.command == Command::Test { quick: true } || run.state.order().is_some_and(|order| order.quick)
}
