//! `/`: the grid of recipes.

use askama::Template;
use jiff::Timestamp;
use results::Verdict;

use crate::store::Snapshot;

/// `/`.
#[derive(Debug, Template)]
#[template(path = "index.html")]
pub struct Index {
    generation: u64,
    running: Vec<Running>,
    rows: Vec<Row>,
}

/// A run that goes on.
#[derive(Debug)]
struct Running {
    id: String,
    recipe: String,
    phase: String,
    started: Option<Timestamp>,
}

/// A recipe in the grid.
#[derive(Debug)]
struct Row {
    recipe: String,
    level: Option<u8>,
    version: String,
    newest: String,
    verdict: (&'static str, &'static str),
    finished: Option<Timestamp>,
}

impl Index {
    /// The page of a snapshot.
    pub fn new(snapshot: &Snapshot) -> Self {
        let rows = snapshot.recipes.iter().map(|(name, recipe)| {
            let newest = recipe.runs.first();
            Row {
                recipe: name.to_string(),
                level: newest.and_then(|run| run.level),
                version: newest.and_then(|run| run.version.as_deref()).unwrap_or_default().to_owned(),
                newest: newest.map(|run| run.id.to_string()).unwrap_or_default(),
                verdict: match newest.and_then(|run| run.verdict) {
                    Some(Verdict::Pass) => ("pass", "passed"),
                    Some(Verdict::Fail) => ("fail", "failed"),
                    Some(Verdict::Error) => ("fail", "no verdict"),
                    None => ("unver", "running"),
                },
                finished: newest.and_then(|run| run.finished),
            }
        });
        let running = snapshot.runs.iter().filter(|run| !run.is_done).map(|run| Running {
            id: run.id.to_string(),
            recipe: run.recipe.clone(),
            phase: run.phase.clone().unwrap_or_default(),
            started: run.started,
        });
        Self { generation: snapshot.generation, running: running.collect(), rows: rows.collect() }
    }
}
