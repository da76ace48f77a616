//! Everything that the pages show at one moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Damaged, Run, RunId};

/// Everything that the pages show at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The number of this snapshot; another content has another number.
    pub generation: u64,
    /// All readable runs, newest first.
    pub runs: Vec<Arc<Run>>,
    /// The runs by recipe.
    pub recipes: BTreeMap<String, Recipe>,
    /// The runs that cannot be read.
    pub damaged: Vec<Damaged>,
}

/// A recipe with its runs.
#[derive(Debug, Default)]
pub struct Recipe {
    /// The runs, newest first.
    pub runs: Vec<Arc<Run>>,
}

impl Snapshot {
    /// The snapshot of these runs, which are sorted newest first.
    pub fn new(generation: u64, runs: Vec<Run>, damaged: Vec<Damaged>) -> Self {
        let runs: Vec<Arc<Run>> = runs.into_iter().map(Arc::new).collect();
        let mut recipes: BTreeMap<String, Recipe> = BTreeMap::new();
        for run in &runs {
            recipes.entry(run.recipe.clone()).or_default().runs.push(run.clone());
        }
        Self { generation, runs, recipes, damaged }
    }

    /// The run with this id.
    pub fn run(&self, id: &RunId) -> Option<&Arc<Run>> {
        self.runs.iter().find(|run| run.id == *id)
    }

    /// True if both show the same.
    pub fn shows_same_as(&self, other: &Self) -> bool {
        self.runs == other.runs && self.damaged == other.damaged
    }
}
