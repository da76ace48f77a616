//! Which step is next. Pure: the state of the steps decides.

use super::{CLONE, Error, Step};
use crate::rpc::wire::Status;

/// What is to be done with a step that has not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// What it waits for has not ended.
    Wait,
    /// Now.
    Start,
    /// It is its turn, and it is not for a stage that went so.
    Skip,
}

/// Finds out what each step waits for. Where no step says it, each waits for those before it; where one does, the others
/// wait for the repository only.
pub fn connect(steps: &mut [Step]) -> Result<(), Error> {
    let is_graph = steps.iter().any(|step| !step.depends_on.is_empty());
    let names: Vec<String> = steps.iter().map(|step| step.name.clone()).collect();
    for (place, step) in steps.iter_mut().enumerate() {
        step.after = if !is_graph {
            (0..place).collect()
        } else if step.depends_on.is_empty() {
            (0..place).filter(|other| *other == 0 && names[*other] == CLONE).collect()
        } else {
            let find = |on: &String| {
                let unknown = || Error::Unknown { step: step.name.clone(), on: on.clone() };
                names.iter().position(|name| name == on).ok_or_else(unknown)
            };
            step.depends_on.iter().map(find).collect::<Result<_, _>>()?
        };
    }
    circle(steps).map_or(Ok(()), |names| Err(Error::Circle { names }))
}

/// The steps that could never begin.
fn circle(steps: &[Step]) -> Option<Vec<String>> {
    let mut is_free = vec![false; steps.len()];
    while let Some(next) =
        (0..steps.len()).find(|place| !is_free[*place] && steps[*place].after.iter().all(|on| is_free[*on]))
    {
        is_free[next] = true;
    }
    let left: Vec<String> =
        steps.iter().zip(&is_free).filter(|(_, is_free)| !**is_free).map(|(step, _)| step.name.clone()).collect();
    (!left.is_empty()).then_some(left)
}

impl super::Pipeline {
    /// Whether something failed that counts.
    pub fn has_failed(&self, statuses: &[Status]) -> bool {
        self.steps.iter().zip(statuses).any(|(step, status)| status.is_failed() && !step.is_ignored)
    }

    /// What to do with the step at this place, which has not begun, as things are.
    pub fn turn(&self, place: usize, statuses: &[Status]) -> Turn {
        let step = &self.steps[place];
        let is_through = |on: &usize| {
            let status = statuses[*on];
            !status.is_open() || (self.steps[*on].is_detached && status == Status::Running)
        };
        if !step.after.iter().all(is_through) {
            return Turn::Wait;
        }
        let is_meant = if self.has_failed(statuses) { step.on_failure } else { step.on_success };
        if is_meant { Turn::Start } else { Turn::Skip }
    }
}
