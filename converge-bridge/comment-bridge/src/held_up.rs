//! Things that a problem with Gitea holds up: one line in health and log for all of one kind.

use std::collections::BTreeMap;

use crate::Bridge;
use crate::metrics::Task;
use crate::problem::GiteaProblem;

/// The things of one task that a problem holds up, each with its problem.
#[derive(Debug)]
pub struct HeldUp<'a, K> {
    bridge: &'a Bridge,
    task: Task,
    /// The beginning of the subjects in the health report.
    subject: String,
    things: BTreeMap<K, GiteaProblem>,
}

impl<'a, K: Ord> HeldUp<'a, K> {
    /// Nothing yet. Problems are raised as `<subject>: <kind>`; those of an earlier task with this subject are resolved.
    pub fn new(bridge: &'a Bridge, task: Task, subject: impl Into<String>) -> Self {
        let subject = subject.into();
        for earlier in bridge.health.problems().into_keys() {
            if earlier.strip_prefix(&subject).is_some_and(|rest| rest.starts_with(": ")) {
                bridge.health.resolve(&earlier);
            }
        }
        Self { bridge, task, subject, things: BTreeMap::new() }
    }

    /// Records a failure. The first one of its kind is raised with `why`, which says what it holds up.
    pub fn failed(&mut self, thing: K, problem: GiteaProblem, why: &str) {
        self.bridge.metrics.failure(self.task, problem);
        let is_new = !self.things.values().any(|other| *other == problem);
        let before = self.things.insert(thing, problem);
        if is_new {
            self.bridge.health.raise(&self.name(problem), why);
        }
        self.resolve(before);
    }

    /// Records that a thing is held up no more.
    pub fn succeeded(&mut self, thing: &K) {
        let before = self.things.remove(thing);
        self.resolve(before);
    }

    /// Forgets all other things.
    pub fn keep(&mut self, is_kept: impl Fn(&K) -> bool) {
        let gone = self.things.extract_if(.., |thing, _| !is_kept(thing)).map(|(_, problem)| problem);
        for problem in gone.collect::<Vec<_>>() {
            self.resolve(Some(problem));
        }
    }

    fn resolve(&self, problem: Option<GiteaProblem>) {
        if let Some(problem) = problem
            && !self.things.values().any(|other| *other == problem)
        {
            self.bridge.health.resolve(&self.name(problem));
        }
    }

    fn name(&self, problem: GiteaProblem) -> String {
        format!("{}: {problem}", self.subject)
    }
}
