//! What a run found: its rungs, and the last lines of what failed.

use super::amount;
use crate::markdown::{code, fence, text};
use results::{FailedTest, Results, RungName, RungStatus};

/// How many lines of what failed are shown, and how many characters of each.
const LINES: usize = 12;
const COLUMNS: usize = 160;
/// How many names of failed tests are told.
const NAMES: usize = 5;

/// The rungs, as far as they are told of.
pub fn table(results: &Results) -> Option<String> {
    if results.rungs.is_empty() {
        return None;
    }
    let told = results.rungs.iter().any(|rung| rung.reason.is_some());
    let (names, lines) = if told { (" |", ":--|") } else { ("", "") };
    let mut table = format!("| rung | result | time |{names}\n|:--|:--|--:|{lines}");
    for rung in &results.rungs {
        let result = match rung.status {
            RungStatus::Pass => "pass",
            RungStatus::Fail => "**fail**",
            RungStatus::Skip => "skip",
            RungStatus::Unverified => "not verified",
        };
        let ran = matches!(rung.status, RungStatus::Pass | RungStatus::Fail);
        let seconds = rung.seconds.filter(|_| ran).and_then(|seconds| i64::try_from(seconds).ok());
        let time = seconds.and_then(amount::duration).unwrap_or_default();
        table += &format!("\n| {} | {result} | {time} |", rung.name.as_str());
        if told {
            let reason = rung.reason.as_deref().map(|reason| text(reason, 120)).unwrap_or_default();
            table += &format!(" {reason} |");
        }
    }
    Some(table)
}

/// What must not be overlooked.
pub fn remarks(results: &Results) -> Vec<String> {
    let lint = results.rungs.iter().any(|rung| rung.name == RungName::Lint && rung.status == RungStatus::Fail);
    [
        (lint && results.passed()).then_some("Lint does not change the verdict, only the level."),
        (results.clean_teardown == Some(false))
            .then_some("⚠️ Not everything of the run could be removed; the operator should look."),
        (results.no_secret_leak == Some(false))
            .then_some("⚠️ The run found a secret in what it wrote; the operator should look."),
    ]
    .into_iter()
    .flatten()
    .map(str::to_owned)
    .collect()
}

/// The last lines of what failed.
pub fn why(results: &Results) -> Option<String> {
    if let Some(error) = &results.error {
        let mut said = error.message.trim_end().to_owned();
        for cause in &error.causes {
            said += &format!("\n  caused by: {}", cause.trim_end());
        }
        if let Some(hint) = &error.hint {
            said += &format!("\nhint: {}", hint.trim_end());
        }
        return folded("What went wrong", &said, None);
    }
    // What lint says comes last: it changes no verdict.
    let decisive = results.failed_tests.iter().find(|test| test.rung != Some(RungName::Lint));
    let first = decisive.or(results.failed_tests.first())?;
    let others: Vec<&FailedTest> = results.failed_tests.iter().filter(|test| !std::ptr::eq(*test, first)).collect();
    let rung = first.rung.map(|rung| format!("{}: ", rung.as_str())).unwrap_or_default();
    let name = code(&first.name, 100);
    let mut about = format!("{rung}{}", if name.is_empty() { "a test without a name" } else { &name });
    let named: Vec<String> = others.iter().map(|test| code(&test.name, 60)).filter(|name| !name.is_empty()).collect();
    if !others.is_empty() {
        let more = others.len() - named.len().min(NAMES);
        let mut also: Vec<String> = named.into_iter().take(NAMES).collect();
        if more > 0 {
            also.push(format!("{more} more"));
        }
        about += &format!(" (failed as well: {})", also.join(", "));
    }
    folded("Last lines of what failed", &first.output, Some(&about))
}

/// A block that opens on a click.
fn folded(title: &str, log: &str, about: Option<&str>) -> Option<String> {
    if log.trim().is_empty() && about.is_none() {
        return None;
    }
    let about = about.map(|about| format!("{about}\n\n")).unwrap_or_default();
    let block = if log.trim().is_empty() { "It wrote nothing.".into() } else { fence(log, LINES, COLUMNS) };
    Some(format!("<details><summary>{title}</summary>\n\n{about}{block}\n\n</details>"))
}
