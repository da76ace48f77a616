//! The data of the pages as JSON. `openapi.json` describes it; a test compares it with what is served.

mod openapi;

use std::sync::Arc;

use jiff::Timestamp;
use results::{RungName, RungStatus, Verdict};
use schemars::JsonSchema;
use serde::Serialize;

use crate::standing::Standing;
use crate::store::{Recipe, Run, Snapshot};

pub use openapi::document;

/// The newest runs in a list.
const RUNS: usize = 100;

/// All recipes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Recipes {
    /// The number of this state of the data; another content has another number.
    generation: u64,
    /// The recipes by name.
    recipes: Vec<RecipeEntry>,
}

/// A recipe and its standing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RecipeEntry {
    /// The name.
    recipe: String,
    /// `passing`, `failing`, `flaky`, `broken`, `stale` or `untested`.
    standing: &'static str,
    /// The level of the newest counted run, 0 to 5.
    level: Option<u8>,
    /// The newest counted runs with the same result.
    in_a_row: usize,
    /// The id of the newest counted run.
    newest: Option<String>,
    /// The id of the newest counted run that passed.
    last_green: Option<String>,
}

/// Runs, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Runs {
    /// The number of this state of the data; another content has another number.
    generation: u64,
    /// The newest runs, 100 at most.
    runs: Vec<RunEntry>,
}

/// A run.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RunEntry {
    /// The id.
    id: String,
    /// The recipe.
    recipe: String,
    /// The recipe's version.
    version: Option<String>,
    /// The commit.
    commit: Option<String>,
    /// The pull request's number.
    pull: Option<i64>,
    /// True for the quick mode.
    quick: bool,
    /// `running` or `done`.
    state: &'static str,
    /// The phase.
    phase: Option<String>,
    /// The start, in RFC 3339.
    started: Option<String>,
    /// The end, in RFC 3339.
    finished: Option<String>,
    /// `pass`, `fail` or `error`; null while the run goes on.
    verdict: Option<&'static str>,
    /// The level, 0 to 5.
    level: Option<u8>,
    /// The rungs with their results: `pass`, `fail`, `skip` or `unver`.
    rungs: Vec<RungEntry>,
}

/// A rung.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RungEntry {
    /// The name.
    name: &'static str,
    /// The result.
    status: &'static str,
}

impl Recipes {
    /// The recipes of a snapshot.
    pub fn new(snapshot: &Snapshot, now: Timestamp) -> Self {
        let recipes = snapshot.recipes.iter().map(|(name, recipe)| RecipeEntry::new(name, recipe, now));
        Self { generation: snapshot.generation, recipes: recipes.collect() }
    }
}

impl RecipeEntry {
    fn new(name: &str, recipe: &Recipe, now: Timestamp) -> Self {
        let standing = Standing::of(&recipe.runs, now);
        let id = |run: &Arc<Run>| run.id.to_string();
        Self {
            recipe: name.to_owned(),
            standing: standing.word.as_str(),
            level: standing.newest.as_ref().and_then(|run| run.level),
            in_a_row: standing.in_a_row,
            newest: standing.newest.as_ref().map(id),
            last_green: standing.last_green.as_ref().map(id),
        }
    }
}

impl Runs {
    /// The newest of these runs, which are sorted newest first.
    pub fn new(runs: &[Arc<Run>], generation: u64) -> Self {
        Self { generation, runs: runs.iter().take(RUNS).map(|run| RunEntry::new(run)).collect() }
    }
}

impl RunEntry {
    /// The entry of a run.
    pub fn new(run: &Run) -> Self {
        let text = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        let rung = |(name, status): &(RungName, RungStatus)| RungEntry { name: name.as_str(), status: status.as_str() };
        Self {
            id: run.id.to_string(),
            recipe: run.recipe.to_string(),
            version: text(&run.version),
            commit: run.commit.as_deref().map(str::to_owned),
            pull: run.pull,
            quick: run.is_quick,
            state: if run.is_done { "done" } else { "running" },
            phase: text(&run.phase),
            started: run.started.map(|time| time.to_string()),
            finished: run.finished.map(|time| time.to_string()),
            verdict: run.verdict.map(|verdict| match verdict {
                Verdict::Pass => "pass",
                Verdict::Fail => "fail",
                Verdict::Error => "error",
            }),
            level: run.level,
            rungs: run.rungs.iter().map(rung).collect(),
        }
    }
}
