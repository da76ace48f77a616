//! Plans a recipe's app. Pure.
//!
//! In the order of dependence: the [`secret`]s, the version ([`Target`]), the deploy. With nothing to deploy: the wait for
//! [`unsettled`] tasks, then the removal of superseded objects.

mod needed;
mod secrets;
mod target;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::change::Change;
use super::desired::Source;
use super::names::Names;
use super::observed::{DeployAttempt, Moved, Observed, Tag};
use super::version::{Latest, Policy};
use base::address::shown;
use base::plan::Plan;

pub(crate) use needed::{DIFFERENCES_HINT, differences, odd_lines};
pub use secrets::{secret, superseded};
pub use target::Target;

/// The goal of a piece for its app.
#[derive(Debug)]
pub struct AppGoal<'a> {
    /// The recipe's name.
    pub recipe: &'static str,
    /// The app's names.
    pub names: &'a Names,
    /// The git repository and the version policy.
    pub source: &'a Source,
    /// The operator's part of the `.env`.
    pub env: &'a BTreeMap<String, String>,
    /// The piece's part of the `.env`, without `DOMAIN` and `COMPOSE_FILE`, which all apps have.
    pub keys: BTreeMap<String, String>,
    /// Keys that are set only if the version's `.env.sample` has them.
    pub keys_if_known: BTreeMap<String, String>,
    /// The prefix of keys that need not be in the `.env.sample`: abra passes them on to the recipe's program.
    pub passed_on: Option<&'static str>,
    /// The recipe's compose files.
    pub compose_files: &'a [String],
    /// The secrets that the app must use, by their whole names.
    pub secrets: Vec<String>,
    /// Secrets to create first.
    pub creations: Vec<Change>,
    /// The piece's own reasons to deploy.
    pub also: Vec<String>,
    /// The reasons why the running version is not healthy, in words.
    pub unhealthy: Option<String>,
    /// The versions that an unhealthy one may be rolled back to.
    pub rollback: Rollback,
    /// Seconds that a version has to become healthy.
    pub wait_seconds: u32,
    /// The time of the observation.
    pub now: Timestamp,
}

/// The versions that an unhealthy one may be rolled back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollback {
    /// Always.
    Always,
    /// Only to the same version of the recipe's main program: another one may have migrated its database.
    SameUpstream,
}

/// Returns true if there is a swarm. Blocks otherwise, and nothing else is planned.
pub fn has_swarm(observed: &Observed, plan: &mut Plan<Change>) -> bool {
    if let Some(why) = &observed.no_swarm {
        plan.block("swarm", format!("there is no swarm to deploy to: {why}"), "see converge-swarm.service");
    }
    observed.no_swarm.is_none()
}

/// Plans version, environment and secrets of the app. Returns the target once there is nothing to deploy.
pub fn deploy(goal: &AppGoal, observed: &Observed, plan: &mut Plan<Change>) -> Option<Target> {
    moved_tag(goal, observed, plan);
    let target = target::choose(goal, observed, plan)?;
    let keys = keys(goal, observed, &target);
    let reasons = needed::reasons(goal, observed, &target, &keys);
    if reasons.is_empty() && target.rejection.is_none() {
        if observed.recipe.is_some() {
            plan.sequence("env", write_env(observed, &target, keys).into_iter().collect());
        }
        return Some(target);
    }
    if let Some(seen) = needed::swarm_went_back(observed, &target) {
        // Never a success, even if the previous version runs again.
        plan.wait(format!("{} {} to stay up", goal.recipe, target.version), seen, hint(goal.names));
        return None;
    }
    if !needed::can_deploy(goal, observed, &target, &keys, plan) {
        return None;
    }
    let mut changes = goal.creations.clone();
    changes.extend(target.attempt.clone().map(|attempt| Change::RecordAttempt { attempt }));
    changes.extend(write_env(observed, &target, keys));
    changes.push(Change::Deploy {
        recipe: goal.recipe.to_owned(),
        version: target.version,
        is_release: !matches!(goal.source.version, Policy::Commit(_)),
        because: reasons,
        rejection: target.rejection,
    });
    plan.sequence(goal.recipe, changes);
    None
}

/// Reports that the origin has moved the tag of the running release: other content under the same name.
fn moved_tag(goal: &AppGoal, observed: &Observed, plan: &mut Plan<Change>) {
    let release = observed.stack.app.as_ref().filter(|app| app.chaos.is_none()).and_then(|app| app.version.as_deref());
    let tags = observed.recipe.iter().flat_map(|recipe| &recipe.tags);
    let mut running = tags.filter(|tag| Some(tag.name.as_str()) == release);
    let Some((Tag { name, .. }, Moved { from, to })) = running.find_map(|tag| Some((tag, tag.moved.as_ref()?))) else {
        return;
    };
    let recipe = goal.recipe;
    plan.drift(
        format!("recipe/{recipe}"),
        format!(
            "{name} runs as commit {from}, and {} has moved the tag to {to} since",
            shown(&goal.source.address(recipe))
        ),
        vec![
            format!("git -C $ABRA_DIR/recipes/{recipe} diff {from} {to}"),
            format!(
                "set recipe.version = {{ \"commit\": \"{to}\" }} to deploy the new content, or pin a later release"
            ),
        ],
    );
}

/// Returns the declared keys of the `.env`.
fn keys(goal: &AppGoal, observed: &Observed, target: &Target) -> BTreeMap<String, String> {
    let contents = observed.recipe.as_ref().and_then(|recipe| recipe.contents.get(&target.version));
    let known = contents.and_then(|contents| contents.keys.as_ref());
    let in_sample = |key: &String| known.is_some_and(|known| known.contains(key));
    let if_known = goal.keys_if_known.clone().into_iter().filter(|(key, _)| in_sample(key));
    let mut keys = target.env.clone();
    keys.extend(if_known);
    keys.extend(goal.keys.clone());
    keys.insert("DOMAIN".into(), goal.names.domain.clone());
    keys.insert("COMPOSE_FILE".into(), goal.compose_files.join(":"));
    keys
}

/// Returns the keys with another value in `there`. A missing key is empty.
fn differing(wanted: &BTreeMap<String, String>, there: &BTreeMap<String, String>) -> Vec<String> {
    let differs = |(key, value): &(&String, &String)| there.get(*key).map_or("", String::as_str) != value.as_str();
    wanted.iter().filter(differs).map(|(key, _)| key.clone()).collect()
}

/// Returns the change of the `.env`: the keys that differ or cannot be read, or all of ours in a new file.
fn write_env(observed: &Observed, target: &Target, mut keys: BTreeMap<String, String>) -> Option<Change> {
    if let Some(there) = &observed.env {
        let differing = differing(&keys, there);
        let is_odd = |key: &String| observed.odd_env_lines.iter().any(|odd| odd.key.as_ref() == Some(key));
        keys.retain(|key, _| differing.contains(key) || is_odd(key));
    }
    (!keys.is_empty()).then(|| Change::WriteEnv { version: target.version.clone(), keys })
}

/// Returns the waits for services that are not settled, each with the state seen instead.
pub fn unsettled(observed: &Observed) -> Vec<(String, String)> {
    let unsettled = observed.stack.unsettled();
    unsettled.map(|service| (format!("{} to settle", service.name), service.tasks.to_string())).collect()
}

/// The commands that tell more about an app that does not become healthy.
pub fn hint(names: &Names) -> String {
    let service = names.app_service();
    format!("`docker service ps --no-trunc {service}` and `docker service logs {service}` tell more")
}

/// Removes the records of attempts that succeeded or are older than the running version.
pub fn forget(observed: &Observed, target: &Target) -> Vec<Change> {
    let done_with = |old: &&DeployAttempt| old.rejected.is_none() || !target::still_matters(old, &target.version);
    observed.attempts.iter().filter(done_with).map(|old| Change::ForgetAttempt { tag: old.tag.clone() }).collect()
}

/// Returns the choice of `latest` now; `None` without a clone.
pub fn held(observed: &Observed) -> Option<Latest> {
    observed.recipe.as_ref().map(|recipe| target::chosen(observed, recipe, observed.stack.version()))
}
