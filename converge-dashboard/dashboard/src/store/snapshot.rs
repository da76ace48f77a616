//! Everything that the pages show at one moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Damaged, Run, RunId};

/// Everything that the pages show at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The number of this snapshot; another content has another number, over restarts too.
    pub generation: u64,
    /// All readable runs, newest first.
    pub runs: Vec<Arc<Run>>,
    /// The runs by recipe.
    pub recipes: BTreeMap<Arc<str>, Recipe>,
    /// The runs that cannot be read, the highest id first.
    pub damaged: Vec<Damaged>,
    /// The reports of the convergers and of the host, by file name.
    pub reports: BTreeMap<String, Arc<[u8]>>,
    /// The bridge's `triggers.json`.
    pub bridge: Option<Arc<[u8]>>,
}

/// A recipe with its runs.
#[derive(Debug, Clone, Default)]
pub struct Recipe {
    /// The runs, newest first.
    pub runs: Vec<Arc<Run>>,
}

impl Snapshot {
    /// This snapshot with these runs, which are sorted newest first.
    pub(super) fn with_runs(self, runs: Vec<Arc<Run>>, damaged: Vec<Damaged>) -> Self {
        let mut recipes: BTreeMap<Arc<str>, Recipe> = BTreeMap::new();
        for run in &runs {
            recipes.entry(run.recipe.clone()).or_default().runs.push(run.clone());
        }
        Self { runs, recipes, damaged, ..self }
    }

    /// The run with this id.
    pub fn run(&self, id: &RunId) -> Option<&Arc<Run>> {
        self.runs.iter().find(|run| run.id == *id)
    }
}
