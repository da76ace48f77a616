//! The evidence of a run: its rungs, and the last lines of the failed test.

use super::amount;
use crate::markdown::{code, fence, text};
use results::{Results, RungName, RungStatus, Test};

/// The lines of output that are shown, and the characters of each.
const LINES: usize = 12;
const COLUMNS: usize = 160;
/// The number of failed tests that are named.
const NAMES: usize = 5;

/// Returns the table of rungs.
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

/// Returns the remarks about lint, teardown and secrets.
pub fn remarks(results: &Results) -> Vec<String> {
    let lint = results.rungs.iter().any(|rung| rung.name == RungName::Lint && rung.status == RungStatus::Fail);
    [
        (lint && results.passed()).then_some("Lint changes only the level, not the verdict."),
        (results.clean_teardown == Some(false))
            .then_some("⚠️ The run could not remove everything that it created. An operator should check."),
        (results.no_secret_leak == Some(false))
            .then_some("⚠️ The run found a secret in its output. An operator should check."),
    ]
    .into_iter()
    .flatten()
    .map(str::to_owned)
    .collect()
}

/// Returns the last lines of the failed test, or the error of the run.
pub fn why(results: &Results) -> Option<String> {
    if let Some(error) = &results.error {
        let mut lines = error.message.trim_end().to_owned();
        for cause in &error.causes {
            lines += &format!("\n  caused by: {}", cause.trim_end());
        }
        if let Some(hint) = &error.hint {
            lines += &format!("\nhint: {}", hint.trim_end());
        }
        return folded("Error", &lines, None);
    }
    // Lint comes last: it does not change the verdict.
    let decisive = results.failed_tests().find(|test| test.rung != Some(RungName::Lint));
    let first = decisive.or(results.failed_tests().next())?;
    let others: Vec<&Test> = results.failed_tests().filter(|test| !std::ptr::eq(*test, first)).collect();
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
        about += &format!(" (also failed: {})", also.join(", "));
    }
    folded("Last lines of the failed test", &first.output, Some(&about))
}

/// Returns a block that opens on a click.
fn folded(title: &str, log: &str, about: Option<&str>) -> Option<String> {
    if log.trim().is_empty() && about.is_none() {
        return None;
    }
    let about = about.map(|about| format!("{about}\n\n")).unwrap_or_default();
    let block = if log.trim().is_empty() { "No output.".into() } else { fence(log, LINES, COLUMNS) };
    Some(format!("<details><summary>{title}</summary>\n\n{about}{block}\n\n</details>"))
}
