//! The usual duration of a recipe's full run, for "time left".

use std::sync::Arc;
use std::time::Duration;

use results::Verdict;

use crate::store::Run;

/// The number of newest passed full runs whose mean is taken.
const RUNS: usize = 10;

/// Mean durations of the newest passed full runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durations {
    /// The whole run; `None` without a run that passed.
    pub whole: Option<Duration>,
    /// Each phase, in the order of the newest run that has it; over the runs that have it.
    pub phases: Vec<(Arc<str>, Duration)>,
}

impl Durations {
    /// The durations of the runs of one recipe, in any order.
    pub fn of(runs: &[Arc<Run>]) -> Self {
        let mut passed: Vec<&Arc<Run>> =
            runs.iter().filter(|run| run.is_done && !run.is_quick && run.verdict == Some(Verdict::Pass)).collect();
        passed.sort_by(|one, other| other.age_order(one));
        passed.truncate(RUNS);
        let whole: Vec<Duration> = passed.iter().filter_map(|run| run.duration()).collect();
        let mut names: Vec<Arc<str>> = Vec::new();
        for (name, _) in passed.iter().flat_map(|run| run.timings.iter()) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let mean_of = |name: Arc<str>| {
            let times = passed.iter().flat_map(|run| run.timings.iter()).filter(|(phase, _)| *phase == name);
            let times: Vec<Duration> = times.map(|(_, time)| *time).collect();
            Some((name, mean(&times)?))
        };
        Self { whole: mean(&whole), phases: names.into_iter().filter_map(mean_of).collect() }
    }
}

fn mean(times: &[Duration]) -> Option<Duration> {
    let sum: Duration = times.iter().sum();
    sum.checked_div(u32::try_from(times.len()).ok()?)
}
