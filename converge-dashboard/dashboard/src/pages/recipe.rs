//! `/recipe/<recipe>`: the rungs of its runs as a grid, and its pull requests.

use askama::Template;
use jiff::Timestamp;
use results::{RungName, RungStatus};

use super::words::status_word;
use crate::pages::index::Row;
use crate::store::{Recipe, Run};

/// The runs in the grid.
const COLUMNS: usize = 20;

/// `/recipe/<recipe>`.
#[derive(Debug, Template)]
#[template(path = "recipe.html")]
pub struct RecipePage {
    generation: u64,
    row: Row,
    address: String,
    columns: Vec<Column>,
    rungs: Vec<(&'static str, Vec<Cell>)>,
}

/// A run, a column of the grid.
#[derive(Debug)]
struct Column {
    id: String,
    pull: Option<i64>,
    time: Option<Timestamp>,
    version: String,
}

/// A rung of a run.
#[derive(Debug)]
struct Cell {
    run: String,
    class: &'static str,
    word: &'static str,
}

impl RecipePage {
    /// The page of a recipe; `address` is the dashboard's, for badges.
    pub fn new(name: &str, recipe: &Recipe, address: &str, generation: u64, now: Timestamp) -> Self {
        let newest: Vec<&Run> = recipe.runs.iter().take(COLUMNS).map(AsRef::as_ref).collect();
        let columns = newest.iter().map(|run| Column {
            id: run.id.to_string(),
            pull: run.pull,
            time: run.time(),
            version: run.version.as_deref().unwrap_or_default().to_owned(),
        });
        let rungs =
            RungName::ALL.iter().map(|rung| (rung.as_str(), newest.iter().map(|run| cell(run, *rung)).collect()));
        Self {
            generation,
            row: Row::new(name, recipe, now),
            address: address.trim_end_matches('/').to_owned(),
            columns: columns.collect(),
            rungs: rungs.collect(),
        }
    }
}

fn cell(run: &Run, rung: RungName) -> Cell {
    let status = run.rungs.iter().find(|(name, _)| *name == rung).map_or(RungStatus::Unverified, |(_, status)| *status);
    Cell { run: run.id.to_string(), class: status.as_str(), word: status_word(status) }
}
