//! A run as a row of the index. A row is a small `results.json`, so that the reader of results reads it too.

use std::time::Duration;

use jiff::Timestamp;
use results::{Fault, RunKind, RungName, RungStatus, Verdict};
use serde::{Serialize, Serializer};

use super::Run;

#[derive(Serialize)]
struct Row<'a> {
    schema: u8,
    run_id: &'a str,
    recipe: &'a str,
    version: Option<&'a str>,
    r#ref: Option<&'a str>,
    pr: Option<i64>,
    src: Option<&'a str>,
    kind: RunKind,
    mode: &'static str,
    state: &'static str,
    phase: Option<&'a str>,
    started: Option<Timestamp>,
    finished: Option<Timestamp>,
    verdict: Option<Verdict>,
    level: Option<u8>,
    #[serde(serialize_with = "rungs")]
    rungs: &'a [(RungName, RungStatus)],
    fault: Option<Fault>,
    #[serde(serialize_with = "timings")]
    timings: &'a [(std::sync::Arc<str>, Duration)],
}

fn rungs<S: Serializer>(rungs: &[(RungName, RungStatus)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(rungs.iter().map(|(name, status)| (name, status)))
}

fn timings<S: Serializer>(timings: &[(std::sync::Arc<str>, Duration)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(timings.iter().map(|(phase, time)| (&**phase, time.as_secs_f64())))
}

/// The text of a row.
pub fn text(run: &Run) -> serde_json::Result<String> {
    serde_json::to_string(&Row {
        schema: 3,
        run_id: run.id.as_str(),
        recipe: &run.recipe,
        version: run.version.as_deref(),
        r#ref: run.commit.as_deref(),
        pr: run.pull,
        src: run.source.as_deref(),
        kind: run.kind,
        mode: if run.is_quick { "quick" } else { "full" },
        state: if run.is_done { "done" } else { "running" },
        phase: run.phase.as_deref(),
        started: run.started,
        finished: run.finished,
        verdict: run.verdict,
        level: run.level,
        rungs: &run.rungs,
        fault: run.fault,
        timings: &run.timings,
    })
}

#[cfg(test)]
mod tests {
    use super::super::RunId;
    use super::super::names::Names;
    use super::*;

    #[test]
    fn a_row_is_read_back_as_the_run_it_was() {
        let id = || RunId::new("42").unwrap();
        let mut names = Names::default();
        for file in [
            r#"{"schema": 3, "run_id": "42", "recipe": "hello", "version": "1.0.0+2", "ref": "1a2b", "pr": 7,
                "src": "recipes/hello", "kind": "pull", "mode": "full", "state": "done", "phase": "teardown",
                "started": "2026-11-21T12:00:00Z", "finished": "2026-11-21T12:03:00.25Z", "verdict": "fail", "level": 1,
                "rungs": {"install": {"status": "pass"}, "upgrade": {"status": "fail"}, "backup": {"status": "unver"}},
                "fault": "recipe", "timings": {"install": 41.4, "backup": 3, "again": 0.001}}"#,
            r#"{"schema": 2, "run_id": 42, "recipe": "hello", "level": 4, "rungs": {"install": "pass", "lint": "skip"}}"#,
            r#"{"schema": 1, "run_id": 42, "recipe": "hello", "pr": 3, "error": "no"}"#,
            r#"{"schema": 3, "run_id": "42", "recipe": "hello", "state": "running", "mode": "quick"}"#,
            r#"{"schema": 3, "run_id": "42", "recipe": "hello", "state": "done", "verdict": "perfect"}"#,
        ] {
            let run = Run::of(id(), &results::parse(file.as_bytes()).unwrap(), &mut names).unwrap();
            let again = results::parse(text(&run).unwrap().as_bytes()).unwrap();
            assert_eq!(Run::of(id(), &again, &mut names).unwrap(), run, "{file}");
        }
    }
}
