//! `/`: the grid of recipes.

use askama::Template;
use jiff::Timestamp;

use crate::store::Snapshot;

/// `/`.
#[derive(Debug, Template)]
#[template(path = "index.html")]
pub struct Index {
    rows: Vec<Row>,
}

/// A recipe in the grid.
#[derive(Debug)]
struct Row {
    recipe: String,
    level: Option<u8>,
    version: String,
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
                finished: newest.and_then(|run| run.finished),
            }
        });
        Self { rows: rows.collect() }
    }
}
