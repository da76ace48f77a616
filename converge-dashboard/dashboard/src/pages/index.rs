//! `/`: the grid of recipes.

use askama::Template;
use jiff::Timestamp;
use results::Verdict;
use serde::Deserialize;

use super::words::{duration, encoded, level_name};
use crate::standing::{Durations, Standing, Word};
use crate::store::{Recipe, Run, Snapshot};
use crate::svg::{Cell, strip};

/// The results in a strip.
const RESULTS: usize = 20;

/// The selection and order of the grid, from the query.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// A part of the recipe's name.
    q: String,
    /// The word of a standing.
    standing: String,
    /// `name` or `time`; else the ones that need attention first.
    sort: String,
}

/// `/`.
#[derive(Debug, Template)]
#[template(path = "index.html")]
pub struct Index {
    generation: u64,
    selection: Selection,
    running: Vec<Running>,
    counts: Vec<(usize, &'static str)>,
    rows: Vec<Row>,
    is_empty: bool,
    damaged: Vec<String>,
}

/// A run that goes on.
#[derive(Debug)]
struct Running {
    id: String,
    recipe: String,
    phase: String,
    started: Option<Timestamp>,
    left: Option<String>,
}

/// A recipe in the grid.
#[derive(Debug)]
pub struct Row {
    /// The recipe.
    pub recipe: String,
    /// The recipe as a part of a path.
    pub path: String,
    /// The standing as a word.
    pub word: &'static str,
    /// The standing as a class.
    pub class: &'static str,
    /// The standing as a sentence.
    pub sentence: String,
    level: Option<(u8, &'static str)>,
    newest: Option<Newest>,
    strip: String,
}

/// The newest run of a recipe.
#[derive(Debug)]
struct Newest {
    id: String,
    version: String,
    time: Option<Timestamp>,
    pull: Option<i64>,
}

impl Index {
    /// The page of a snapshot.
    pub fn new(snapshot: &Snapshot, selection: Selection, now: Timestamp) -> Self {
        let mut rows: Vec<Row> = snapshot.recipes.iter().map(|(name, recipe)| Row::new(name, recipe, now)).collect();
        let words =
            [Word::Broken, Word::Failing, Word::Flaky, Word::Stale, Word::Passing, Word::Untested].map(Word::as_str);
        let count = |word: &'static str| (rows.iter().filter(|row| row.word == word).count(), word);
        let counts: Vec<_> = words.into_iter().map(count).filter(|(count, _)| *count > 0).collect();
        let is_empty = rows.is_empty();
        let text = selection.q.trim().to_lowercase();
        rows.retain(|row| row.recipe.to_lowercase().contains(&text));
        rows.retain(|row| selection.standing.is_empty() || row.word == selection.standing);
        let time = |row: &Row| row.newest.as_ref().and_then(|newest| newest.time);
        match selection.sort.as_str() {
            "name" => {}
            "time" => rows.sort_by_key(|row| std::cmp::Reverse(time(row))),
            _ => rows.sort_by_key(|row| words.iter().position(|word| *word == row.word)),
        }
        let running = snapshot.runs.iter().filter(|run| !run.is_done).map(|run| Running::new(run, snapshot, now));
        Self {
            generation: snapshot.generation,
            selection,
            running: running.collect(),
            counts,
            rows,
            is_empty,
            damaged: snapshot.damaged.iter().map(|run| format!("{}: {}", run.id, run.reason)).collect(),
        }
    }
}

impl Running {
    fn new(run: &Run, snapshot: &Snapshot, now: Timestamp) -> Self {
        let usual = snapshot.recipes.get(&*run.recipe).and_then(|recipe| Durations::of(&recipe.runs).whole);
        let so_far = run.started.map(|started| u64::try_from(now.as_second() - started.as_second()).unwrap_or(0));
        let left = usual.zip(so_far).map(|(usual, so_far)| match usual.as_secs().checked_sub(so_far) {
            Some(left) => format!("about {} left", duration(left)),
            None => "longer than usual".to_owned(),
        });
        Self {
            id: run.id.to_string(),
            recipe: run.recipe.to_string(),
            phase: run.phase.as_deref().unwrap_or("starting").to_owned(),
            started: run.started,
            left,
        }
    }
}

impl Row {
    /// The row of a recipe.
    pub fn new(name: &str, recipe: &Recipe, now: Timestamp) -> Self {
        let standing = Standing::of(&recipe.runs, now);
        let counted = standing.newest.as_deref();
        // Without a counted run, the newest one is shown all the same.
        let shown = counted.or(recipe.runs.first().map(AsRef::as_ref));
        let cells: Vec<Cell> = recipe.runs.iter().take(RESULTS).map(|run| cell(run)).collect();
        Self {
            recipe: name.to_owned(),
            path: encoded(name),
            word: standing.word.as_str(),
            class: match standing.word {
                Word::Passing => "pass",
                Word::Failing | Word::Broken => "fail",
                Word::Flaky | Word::Stale => "warn",
                Word::Untested => "unver",
            },
            sentence: sentence(&standing),
            level: counted.and_then(|run| run.level).map(|level| (level, level_name(level))),
            newest: shown.map(|run| Newest {
                id: run.id.to_string(),
                version: run.version.as_deref().unwrap_or_default().to_owned(),
                time: run.time(),
                pull: run.pull,
            }),
            strip: strip(&cells),
        }
    }
}

/// The standing in one sentence.
fn sentence(standing: &Standing) -> String {
    let level = standing.newest.as_ref().and_then(|run| run.level);
    let runs = |count: usize| if count == 1 { "1 run".to_owned() } else { format!("{count} runs") };
    let green =
        standing.last_green.as_ref().map_or("never passed".to_owned(), |run| format!("last passed in run {}", run.id));
    match standing.word {
        Word::Passing => match level {
            Some(level) => format!("Passing at level {level}, {}", level_name(level)),
            None => "Passing".to_owned(),
        },
        Word::Failing => format!("Failing for {}, {green}", runs(standing.in_a_row)),
        Word::Broken => format!("Broken: the install fails for {}, {green}", runs(standing.in_a_row)),
        Word::Flaky => format!("Flaky: the result changes from run to run, {green}"),
        Word::Stale => "Stale: no run for 30 days".to_owned(),
        Word::Untested => "Untested: no full run of a branch, a release or a pull request has ended".to_owned(),
    }
}

fn cell(run: &Run) -> Cell {
    match run.verdict {
        Some(Verdict::Pass) => Cell::Pass,
        Some(Verdict::Fail) => Cell::Fail,
        Some(Verdict::Error) => Cell::Error,
        None => Cell::Running,
    }
}
