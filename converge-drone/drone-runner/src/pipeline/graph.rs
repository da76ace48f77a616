//! The order of the steps. Pure: the statuses of the steps decide.

use std::collections::BTreeSet;

use super::{CLONE, Error, Step};
use http::drone::Status;

/// The next action for a pending step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepAction {
    /// A step before it has not ended.
    Wait,
    /// Start it now.
    Start,
    /// Skip it: it is not for a stage that failed, or not for one that succeeded.
    Skip,
}

/// Sets `after` of each step. With no `depends_on` in the pipeline each step waits for all before it; with one, a step
/// without waits for the clone only. A disabled clone is waited for by no step, as in Drone.
pub fn connect(steps: &mut [Step], has_no_clone: bool) -> Result<(), Error> {
    let is_graph = steps.iter().any(|step| !step.depends_on.is_empty());
    let names: Vec<String> = steps.iter().map(|step| step.name.clone()).collect();
    for (index, step) in steps.iter_mut().enumerate() {
        step.after = if !is_graph {
            (0..index).collect()
        } else if step.depends_on.is_empty() {
            (0..index).filter(|other| *other == 0 && names[*other] == CLONE).collect()
        } else {
            let find = |on: &String| {
                let unknown = || Error::Unknown { step: step.name.clone(), on: on.clone() };
                names.iter().position(|name| name == on).ok_or_else(unknown)
            };
            let is_waited_for = |on: &&String| !has_no_clone || *on != CLONE || names.contains(on);
            step.depends_on.iter().filter(is_waited_for).map(find).collect::<Result<_, _>>()?
        };
    }
    circle(steps).map_or(Ok(()), |names| Err(Error::Circle { names }))
}

/// Removes all other steps. A step that waited for one of those waits for the steps before it.
pub fn retain(steps: &mut Vec<Step>, is_kept: impl Fn(&Step) -> bool) {
    let kept: Vec<bool> = steps.iter().map(is_kept).collect();
    let before: Vec<Vec<usize>> = steps.iter().map(|step| step.after.clone()).collect();
    let new_index = |index: usize| kept[..index].iter().filter(|kept| **kept).count();
    for step in &mut *steps {
        let (mut seen, mut open) = (BTreeSet::new(), std::mem::take(&mut step.after));
        while let Some(index) = open.pop() {
            if seen.insert(index) && !kept[index] {
                open.extend(&before[index]);
            }
        }
        step.after = seen.into_iter().filter(|index| kept[*index]).map(new_index).collect();
    }
    let mut is_kept = kept.iter();
    steps.retain(|_| is_kept.next() == Some(&true));
}

/// The names of steps that wait for each other.
fn circle(steps: &[Step]) -> Option<Vec<String>> {
    let mut is_free = vec![false; steps.len()];
    while let Some(next) =
        (0..steps.len()).find(|index| !is_free[*index] && steps[*index].after.iter().all(|on| is_free[*on]))
    {
        is_free[next] = true;
    }
    let left: Vec<String> =
        steps.iter().zip(&is_free).filter(|(_, is_free)| !**is_free).map(|(step, _)| step.name.clone()).collect();
    (!left.is_empty()).then_some(left)
}

impl super::Pipeline {
    /// True if a step failed whose failure counts.
    pub fn has_failed(&self, statuses: &[Status]) -> bool {
        self.steps.iter().zip(statuses).any(|(step, status)| status.is_failed() && !step.is_ignored)
    }

    /// The next action for a pending step.
    pub fn action(&self, index: usize, statuses: &[Status]) -> StepAction {
        let step = &self.steps[index];
        let has_passed = |on: &usize| {
            let status = statuses[*on];
            status.is_over() || (self.steps[*on].is_detached && status == Status::Running)
        };
        if !step.after.iter().all(has_passed) {
            return StepAction::Wait;
        }
        let should_run = if self.has_failed(statuses) { step.on_failure } else { step.on_success };
        if should_run { StepAction::Start } else { StepAction::Skip }
    }
}
