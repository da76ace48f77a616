//! The version to deploy, and the fetch that must come before the choice.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::{AppGoal, Rollback};
use crate::change::{Change, Rejection};
use crate::observed::{DeployAttempt, Observed, RecipeClone};
use crate::version::{self, Latest, Policy, Release, upstream, version};
use base::plan::Plan;
use docker::settled::{Tasks, Update};

/// The version to run.
#[derive(Debug, Clone)]
pub struct Target {
    /// A release's tag, or a commit's hash.
    pub version: String,
    /// The operator's part of the environment.
    pub env: BTreeMap<String, String>,
    /// The attempt to record in Swarm before the deploy.
    pub attempt: Option<DeployAttempt>,
    /// The unhealthy version that this one replaces.
    pub rejection: Option<Rejection>,
}

/// Chooses the target. `None` if a fetch must come first, or if no version can be deployed.
pub fn choose(goal: &AppGoal, observed: &Observed, plan: &mut Plan<Change>) -> Option<Target> {
    let running = observed.stack.version().map(str::to_owned);
    let target = |version: String| Target { version, env: goal.env.clone(), attempt: None, rejection: None };
    let fetch = fetch(observed);
    if let Some(recipe) = observed.recipe.as_ref().filter(|_| !is_stale(goal, observed)) {
        match &goal.source.version {
            Policy::Pin(tag) if recipe.tags.iter().any(|known| known.name == *tag) => {
                let is_taken = is_taken_back(goal, running.as_deref(), tag, plan);
                (!is_taken).then(|| target(tag.clone()))
            }
            Policy::Commit(_) if recipe.commit.is_some() => recipe.commit.clone().map(target),
            Policy::Latest => latest(goal, observed, recipe, running.as_deref(), plan),
            Policy::Pin(name) | Policy::Commit(name) => ask(observed, fetch, plan, name, recipe),
        }
    } else {
        if observed.fetch_result.is_none() {
            plan.sequence("recipe", vec![fetch]);
        }
        // A boot never needs the git server: the running version stays and is kept right.
        match (&observed.fetch_result, &goal.source.version, running) {
            (None, Policy::Latest | Policy::Commit(_), _) | (None, _, None) => None,
            (None, Policy::Pin(tag), Some(running)) => (*tag == running).then(|| target(running)),
            (Some(_), _, Some(running)) => Some(target(running)),
            (Some(asked), _, None) => {
                let why = asked.clone().err().or_else(|| observed.unusable_clone.clone());
                let why = why.unwrap_or_else(|| "there is no clone of it".into());
                plan.block("recipe", format!("the recipe cannot be had: {why}"), RECIPE_HINT);
                None
            }
        }
    }
}

const RECIPE_HINT: &str = "check recipe.source; `git ls-remote <source>` shows whether this host can reach it";

/// True if `older` can read the data that `newer` wrote.
fn can_go_back(goal: &AppGoal, older: &str, newer: &str) -> bool {
    goal.rollback == Rollback::Always || upstream(older) == upstream(newer)
}

/// True if the pin is older than the running version and may not read its database. Blocks then.
fn is_taken_back(goal: &AppGoal, running: Option<&str>, pin: &str, plan: &mut Plan<Change>) -> bool {
    let Some(running) = running.filter(|running| version(pin) < version(running) && !can_go_back(goal, pin, running))
    else {
        return false;
    };
    plan.block(
        "recipe",
        format!("{running} runs and {pin} is pinned, which may not read the database that the newer one has migrated"),
        format!(
            "pin {running}, or restore a backup made under {pin} by hand: undeploy {}, restore, run this again",
            goal.names.domain
        ),
    );
    true
}

fn fetch(observed: &Observed) -> Change {
    match (&observed.recipe, &observed.unusable_clone) {
        (Some(_), _) => Change::Fetch { keep: observed.stack.version().map(str::to_owned) },
        (None, Some(because)) => Change::CloneAnew { because: because.clone() },
        (None, None) => Change::Clone,
    }
}

/// True if `latest` is due for a fetch: the last one is old, or its time is in the future, so that the clock was wrong
/// then or is now. A pin never is.
fn is_stale(goal: &AppGoal, observed: &Observed) -> bool {
    let Some(recipe) = &observed.recipe else { return true };
    if goal.source.version != Policy::Latest || observed.fetch_result.is_some() {
        return false;
    }
    let age = SignedDuration::from_hours(goal.source.refresh_hours.into());
    recipe.fetched.is_none_or(|fetched| fetched > goal.now || goal.now.duration_since(fetched) >= age)
}

/// Plans the fetch of a version that the clone does not have. Blocks if the fetch did not help.
fn ask(
    observed: &Observed,
    fetch: Change,
    plan: &mut Plan<Change>,
    name: &str,
    recipe: &RecipeClone,
) -> Option<Target> {
    match &observed.fetch_result {
        None => plan.sequence("recipe", vec![fetch]),
        Some(Err(why)) => {
            plan.block(
                "recipe",
                format!("the clone has no version {name}, and cannot be refreshed: {why}"),
                RECIPE_HINT,
            );
        }
        Some(Ok(())) => {
            let mut known: Vec<_> =
                recipe.tags.iter().filter(|tag| tag.annotated).filter_map(|tag| version(&tag.name)).collect();
            known.sort();
            let newest: Vec<String> = known.iter().rev().take(5).map(ToString::to_string).collect();
            let hint = if newest.is_empty() {
                "the recipe has no release; check recipe.source, or name a branch or commit with recipe.version.commit"
                    .to_owned()
            } else {
                format!("choose one of its releases; the newest are {}", newest.join(", "))
            };
            plan.block("recipe", format!("the recipe has no version {name}"), hint);
        }
    }
    None
}

/// The target of `latest`: a newer version, or the previous one after a failed attempt.
fn latest(
    goal: &AppGoal,
    observed: &Observed,
    recipe: &RecipeClone,
    running: Option<&str>,
    plan: &mut Plan<Change>,
) -> Option<Target> {
    if let Some(tried) = observed.attempts.iter().find(|tried| tried.rejected.is_none())
        && let Some(seen) = why_to_reject(goal, observed, tried, running)
    {
        let attempt = DeployAttempt { rejected: Some(seen.clone()), since: None, ..tried.clone() };
        return Some(go_back(goal, tried, Some(attempt), Some(&seen)));
    }
    // Swarm rolls back by itself. A deploy meanwhile would interfere, and an attempt that begins meanwhile would be taken
    // for the one that is rolled back.
    let is_rolling_back = observed.stack.services.iter().any(|service| service.tasks.update == Update::RollbackStarted);
    if let Some(running) = running.filter(|_| is_rolling_back) {
        let env = operators_part(goal, observed);
        return Some(Target { version: running.to_owned(), env, attempt: None, rejection: None });
    }
    let rejected: Vec<&DeployAttempt> = observed.attempts.iter().filter(|tried| tried.rejected.is_some()).collect();
    // A run was killed during the rollback: go on with it.
    if let Some(tried) = rejected.iter().find(|tried| Some(tried.tag.as_str()) == running) {
        return Some(go_back(goal, tried, None, tried.rejected.as_deref()));
    }
    let Latest { tag, .. } = chosen(observed, recipe, running);
    let Some(tag) = tag else {
        plan.block(
            "recipe",
            "the recipe has no release at all",
            "pin a commit with recipe.version.commit, or ask its maintainers",
        );
        return None;
    };
    if Some(tag.as_str()) == running {
        // While its successor is rejected, it keeps its own environment, unless the operator changed that since.
        let kept = rejected.iter().find(|tried| tried.back_to == tag && tried.env == *goal.env);
        let env = kept.map_or(goal.env, |tried| &tried.back_env).clone();
        return Some(Target { version: tag, env, attempt: None, rejection: None });
    }
    let is_recorded = observed.attempts.iter().any(|tried| tried.tag == tag);
    let attempt =
        running.filter(|running| !is_recorded && can_go_back(goal, running, &tag)).map(|running| DeployAttempt {
            tag: tag.clone(),
            rejected: None,
            back_to: running.to_owned(),
            back_env: operators_part(goal, observed),
            env: goal.env.clone(),
            since: None,
        });
    Some(Target { version: tag, env: goal.env.clone(), attempt, rejection: None })
}

/// Returns the choice of `latest` for this clone. Facts report it too.
pub fn chosen(observed: &Observed, recipe: &RecipeClone, running: Option<&str>) -> Latest {
    let annotated = recipe.tags.iter().filter(|tag| tag.annotated);
    let releases: Vec<Release> = annotated.map(|tag| Release { tag: &tag.name, notes: tag.notes.as_deref() }).collect();
    let rejected = observed.attempts.iter().filter(|tried| tried.rejected.is_some());
    let rejected: Vec<String> = rejected.map(|tried| tried.tag.clone()).collect();
    version::latest(running, &releases, &rejected)
}

/// Returns the reason if the attempt failed: Swarm rolled back, or the version is not healthy in time.
fn why_to_reject(goal: &AppGoal, observed: &Observed, tried: &DeployAttempt, running: Option<&str>) -> Option<String> {
    let mut tasks = observed.stack.services.iter().map(|service| &service.tasks);
    if running == Some(tried.back_to.as_str()) {
        // A rollback from before the attempt does not count.
        let is_since = |tasks: &Tasks| tried.since.zip(tasks.changed).is_none_or(|(since, changed)| since <= changed);
        let is_over = |tasks: &Tasks| tasks.were_rolled_back() && tasks.update != Update::RollbackStarted;
        let went_back = tasks.find(|tasks| is_over(tasks) && is_since(tasks));
        return went_back.map(ToString::to_string);
    }
    if running != Some(tried.tag.as_str()) {
        return None;
    }
    let seen = goal.unhealthy.clone()?;
    let changed = tasks.filter_map(|tasks| tasks.changed).max()?;
    // A little less than the run's own wait, so that the rollback is planned before the run gives up.
    let wait = i64::from(goal.wait_seconds);
    let grace = SignedDuration::from_secs(wait - (wait / 10).max(1));
    (goal.now.duration_since(changed) >= grace).then_some(seen)
}

fn go_back(goal: &AppGoal, tried: &DeployAttempt, attempt: Option<DeployAttempt>, seen: Option<&str>) -> Target {
    let env = if tried.env == *goal.env { &tried.back_env } else { goal.env };
    Target {
        version: tried.back_to.clone(),
        env: env.clone(),
        attempt,
        rejection: Some(Rejection {
            tag: tried.tag.clone(),
            seen: seen.unwrap_or_default().to_owned(),
            back_to: tried.back_to.clone(),
        }),
    }
}

/// Returns the operator's keys with the values of the running app.
fn operators_part(goal: &AppGoal, observed: &Observed) -> BTreeMap<String, String> {
    let there = observed.stack.app.as_ref().map(|app| &app.env);
    let keys = goal.env.keys();
    keys.filter_map(|key| Some((key.clone(), there?.get(key)?.clone()))).collect()
}

/// True if a rejected version is newer than the running one.
pub fn still_matters(old: &DeployAttempt, running: &str) -> bool {
    version(&old.tag) > version(running)
}
