//! `/runs/<run>`: one run, the verdict and what failed first.

use askama::Template;
use base::terminal::tail;
use jiff::Timestamp;
use results::{Base, Fault, Finding, Results, RunError, RungStatus, Verdict};

use super::words::{bytes, commit, duration, level_name, status_word};
use crate::artefact::media_type;
use crate::log::Part;
use crate::store::Run;

/// The lines of a failed test's output that are shown.
const LINES: usize = 20;
/// The columns of them.
const COLUMNS: usize = 200;

/// `/runs/<run>`.
#[derive(Debug, Template)]
#[template(path = "run.html")]
pub struct RunPage {
    id: String,
    recipe: String,
    version: Option<String>,
    commit: Option<String>,
    pull: Option<i64>,
    is_quick: bool,
    is_done: bool,
    /// The verdict as a class and as a sentence.
    verdict: (&'static str, String),
    /// The side that is at fault, in words.
    fault: Option<&'static str>,
    started: Option<Timestamp>,
    took: Option<String>,
    error: Option<RunError>,
    failures: Vec<Failure>,
    rungs: Vec<Rung>,
    warnings: Vec<&'static str>,
    base: Base,
    tests: Vec<Test>,
    findings: Vec<Finding>,
    diff: Vec<(&'static str, Vec<String>)>,
    customisation: Vec<String>,
    timings: Vec<(String, String)>,
    artefacts: Vec<(String, String)>,
    left_out: usize,
    log: Option<Part>,
    generation: u64,
}

/// A test in the table.
#[derive(Debug)]
struct Test {
    rung: &'static str,
    name: String,
    class: &'static str,
    word: &'static str,
    took: Option<String>,
}

/// A failed test with the end of its output.
#[derive(Debug)]
struct Failure {
    rung: &'static str,
    name: String,
    output: Vec<String>,
}

/// A rung in the table.
#[derive(Debug)]
struct Rung {
    name: &'static str,
    status: &'static str,
    word: &'static str,
    reason: Option<String>,
    seconds: Option<String>,
}

impl RunPage {
    /// The page of a run, its results, and the end of its log.
    pub fn new(run: &Run, results: &Results, log: Option<Part>, generation: u64) -> Self {
        let failures = results.failed_tests().map(|test| Failure {
            rung: test.rung.map_or("", results::RungName::as_str),
            name: test.name.clone(),
            output: tail(&test.output, LINES, COLUMNS),
        });
        let tests = results.tests.iter().map(|test| Test {
            rung: test.rung.map_or("", results::RungName::as_str),
            name: test.name.clone(),
            class: test.status.as_str(),
            word: status_word(test.status),
            took: test.duration.map(|took| duration(took.as_secs())),
        });
        let timings = results.timings.iter().map(|(phase, took)| (phase.clone(), duration(took.as_secs())));
        let rungs = results.rungs.iter().map(|rung| Rung {
            name: rung.name.as_str(),
            status: rung.status.as_str(),
            word: status_word(rung.status),
            reason: rung.reason.clone(),
            seconds: rung.seconds.map(duration),
        });
        Self {
            id: run.id.to_string(),
            recipe: run.recipe.to_string(),
            version: run.version.as_deref().map(str::to_owned),
            commit: run.commit.as_deref().map(commit),
            pull: run.pull,
            is_quick: run.is_quick,
            is_done: run.is_done,
            verdict: verdict(run, results),
            fault: (run.verdict != Some(Verdict::Pass)).then_some(run.fault).flatten().map(|fault| match fault {
                Fault::Recipe => "The recipe is at fault.",
                Fault::Server => "The server is at fault, not the recipe: this run does not count.",
            }),
            started: run.started,
            took: run.started.zip(run.finished).map(|(from, to)| {
                duration(u64::try_from(to.as_second().saturating_sub(from.as_second())).unwrap_or(0))
            }),
            error: results.error.clone(),
            failures: failures.collect(),
            rungs: rungs.collect(),
            warnings: warnings(results),
            base: results.base.clone(),
            tests: tests.collect(),
            findings: results.findings.clone(),
            diff: diff(results),
            customisation: customisation(results),
            timings: timings.collect(),
            artefacts: artefacts(results),
            left_out: results.left_out,
            log,
            generation,
        }
    }
}

/// The failed checks after the teardown.
fn warnings(results: &Results) -> Vec<&'static str> {
    let left = (results.clean_teardown == Some(false)).then_some("The teardown left something behind.");
    let leaked = (results.no_secret_leak == Some(false)).then_some("A secret was found in the output.");
    left.into_iter().chain(leaked).collect()
}

/// The lists of the upgrade's differences that are not empty.
fn diff(results: &Results) -> Vec<(&'static str, Vec<String>)> {
    let Some(diff) = &results.upgrade_diff else { return Vec::new() };
    let lists = [
        ("Images", &diff.images),
        ("Variables", &diff.env_keys),
        ("Configs", &diff.configs),
        ("Services", &diff.services),
        ("Release notes", &diff.notes),
    ];
    lists.into_iter().filter(|(_, lines)| !lines.is_empty()).map(|(name, lines)| (name, lines.clone())).collect()
}

/// The recipe's own parts of the run, a line each.
fn customisation(results: &Results) -> Vec<String> {
    let own = &results.customisation;
    let mut lines = Vec::new();
    if own.overlay {
        lines.push("The overlay compose.ccci.yml was used.".to_owned());
    }
    if own.install_steps {
        lines.push("The recipe has install steps of its own.".to_owned());
    }
    lines.extend(own.hooks.iter().map(|hook| format!("Hook: {hook}")));
    lines.extend(own.untestable.iter().map(|version| format!("Declared untestable: {version}")));
    lines
}

/// The files that are served, with their sizes.
fn artefacts(results: &Results) -> Vec<(String, String)> {
    let served = results.artefacts.iter().filter(|file| media_type(&file.name).is_some());
    served.map(|file| (file.name.clone(), bytes(file.bytes))).collect()
}

/// The verdict as a class and as a sentence.
fn verdict(run: &Run, results: &Results) -> (&'static str, String) {
    let failed = results.rungs.iter().find(|rung| rung.status == RungStatus::Fail).map(|rung| rung.name.as_str());
    match run.verdict {
        None => ("running", format!("Running: {}", run.phase.as_deref().unwrap_or("starting"))),
        Some(Verdict::Pass) => {
            let level = run.level.map(|level| format!(", level {level} ({})", level_name(level)));
            ("pass", format!("Passed{}", level.unwrap_or_default()))
        }
        Some(Verdict::Fail) => ("fail", format!("Failed at {}", failed.unwrap_or("an unknown rung"))),
        Some(Verdict::Error) => ("error", "No verdict: the run ended with an error".into()),
    }
}
