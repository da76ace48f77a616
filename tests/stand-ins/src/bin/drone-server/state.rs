//! The state that survives a restart.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::{Account, Build, Grant, Kept, Secret, Stage, Step};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub accounts: BTreeMap<i64, Account>,
    pub repositories: BTreeMap<i64, Kept>,
    pub grants: Vec<Grant>,
    /// Ids of repositories are never used again.
    pub last_repository: i64,
    #[serde(skip_serializing)]
    pub builds: BTreeMap<i64, Build>,
    #[serde(skip_serializing)]
    pub stages: BTreeMap<i64, Stage>,
    #[serde(skip_serializing)]
    pub steps: BTreeMap<i64, Step>,
    /// Ended builds: saved in a file of their own, because they do not change any more.
    #[serde(skip)]
    pub ended: BTreeSet<i64>,
    pub secrets: BTreeMap<i64, Secret>,
    /// By repository: the builds below this number were deleted.
    pub purged: BTreeMap<i64, i64>,
}

/// Error: the row was changed since it was read.
#[derive(Debug)]
pub struct Stale;

impl State {
    pub fn account(&self, login: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.user.login.eq_ignore_ascii_case(login))
    }

    pub fn repository(&self, slug: &str) -> Option<&Kept> {
        self.repositories.values().find(|kept| kept.repository.slug == slug)
    }

    pub fn grant(&mut self, user: i64, uid: &str) -> Option<&mut Grant> {
        self.grants.iter_mut().find(|grant| grant.user_id == user && grant.repository == uid)
    }

    pub fn build(&self, repository: i64, number: i64) -> Option<&Build> {
        self.builds.values().find(|build| build.repo_id == repository && build.number == number)
    }

    pub fn stage(&self, build: i64, number: i64) -> Option<&Stage> {
        self.stages.values().find(|stage| stage.build_id == build && stage.number == number)
    }

    pub fn step(&self, stage: i64, number: i64) -> Option<&Step> {
        self.steps.values().find(|step| step.stage_id == stage && step.number == number)
    }

    pub fn secret(&self, repository: i64, name: &str) -> Option<&Secret> {
        self.secrets.values().find(|secret| secret.repo_id == repository && secret.name == name)
    }

    /// Deletes the builds of a repository below a number, also waiting and running ones.
    pub fn purge(&mut self, repository: i64, below: i64) {
        let lowest = self.purged.entry(repository).or_default();
        *lowest = below.max(*lowest);
        self.builds.retain(|_, build| build.repo_id != repository || build.number >= below);
        self.ended.retain(|id| self.builds.contains_key(id));
    }

    /// True if a build was deleted.
    pub fn is_purged(&self, build: &Build) -> bool {
        self.purged.get(&build.repo_id).is_some_and(|below| build.number < *below)
    }

    /// The stages of a build, each with its steps.
    pub fn stages_with_steps(&self, build: i64) -> Vec<Stage> {
        let stages = self.stages.values().filter(|stage| stage.build_id == build);
        stages
            .map(|stage| {
                let mut steps: Vec<Step> =
                    self.steps.values().filter(|step| step.stage_id == stage.id).cloned().collect();
                steps.sort_by_key(|step| step.number);
                Stage { steps, ..stage.clone() }
            })
            .collect()
    }

    /// A build with its stages and their steps.
    pub fn whole(&self, build: &Build) -> Build {
        Build { stages: self.stages_with_steps(build.id), ..build.clone() }
    }

    /// Saves a stage, unless another request saved it since it was read. The stage's name and number do not change.
    pub fn save_stage(&mut self, stage: &mut Stage) -> Result<(), Stale> {
        let old = self.stages.get_mut(&stage.id).filter(|old| old.version == stage.version).ok_or(Stale)?;
        stage.version += 1;
        let Stage { id, repo_id, build_id, number, limit, throttle, .. } = *old;
        self.ended.remove(&build_id);
        let (name, kind, type_) = (old.name.clone(), old.kind.clone(), old.type_.clone());
        let new = Stage { steps: Vec::new(), ..stage.clone() };
        *old = Stage { id, repo_id, build_id, number, name, kind, type_, limit, throttle, ..new };
        Ok(())
    }

    /// Saves a step, unless another request saved it since it was read.
    pub fn save_step(&mut self, step: &mut Step) -> Result<(), Stale> {
        let old = self.steps.get_mut(&step.id).filter(|old| old.version == step.version).ok_or(Stale)?;
        step.version += 1;
        let Step { id, stage_id, number, .. } = *old;
        *old = Step { id, stage_id, number, ..step.clone() };
        if let Some(stage) = self.stages.get(&stage_id) {
            self.ended.remove(&stage.build_id);
        }
        Ok(())
    }

    /// Saves a build, unless another request saved it since it was read.
    pub fn save_build(&mut self, build: &mut Build) -> Result<(), Stale> {
        let old = self.builds.get_mut(&build.id).filter(|old| old.version == build.version).ok_or(Stale)?;
        build.version += 1;
        *old = Build { stages: Vec::new(), ..build.clone() };
        self.ended.remove(&build.id);
        Ok(())
    }
}

/// The number of the next row.
pub fn next<T>(rows: &BTreeMap<i64, T>) -> i64 {
    rows.last_key_value().map_or(1, |(id, _)| id + 1)
}
