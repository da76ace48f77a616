//! The reasons to deploy a stack, and the conditions.

use std::collections::BTreeMap;

use super::target::Target;
use super::{AppGoal, differing};
use crate::change::Change;
use crate::observed::Observed;
use crate::version::Policy;
use base::plan::Plan;

/// Returns the reasons to deploy the stack, in words.
pub fn reasons(goal: &AppGoal, observed: &Observed, target: &Target, keys: &BTreeMap<String, String>) -> Vec<String> {
    let Some(app) = &observed.stack.app else { return vec!["it is not deployed".into()] };
    let mut reasons = Vec::new();
    let is_version = match &goal.source.version {
        Policy::Commit(_) => app.chaos.as_deref().is_some_and(|short| is_commit(short, &target.version)),
        Policy::Pin(_) | Policy::Latest => app.version.as_ref() == Some(&target.version) && app.chaos.is_none(),
    };
    if !is_version {
        reasons.push(format!("{} runs", observed.stack.version_in_words().unwrap_or_default()));
    }
    let differing = differing(keys, &app.env);
    if !differing.is_empty() {
        reasons.push(format!("{} differ{}", differing.join(", "), if differing.len() == 1 { "s" } else { "" }));
    }
    if goal.secrets.iter().any(|name| !observed.stack.uses(name)) {
        reasons.push("it uses other secrets".into());
    }
    for service in observed.stack.services.iter().filter(|service| service.tasks.wanted == 0) {
        reasons.push(format!("{} is scaled to 0", service.name));
    }
    reasons.extend(goal.also.iter().cloned());
    reasons
}

/// abra's chaos version is a short hash, with `U` behind it when the tree was not clean.
fn is_commit(short: &str, commit: &str) -> bool {
    short.len() >= 7 && commit.starts_with(short)
}

/// Returns Swarm's state if Swarm rolled back the deploy of this run: another deploy would end the same.
pub fn swarm_went_back(observed: &Observed, target: &Target) -> Option<String> {
    let mut tasks = observed.stack.services.iter().map(|service| &service.tasks);
    let undone = tasks.find(|tasks| tasks.were_rolled_back())?;
    (observed.deployed && target.rejection.is_none()).then(|| undone.to_string())
}

/// True if the version can be deployed with these keys. Blocks otherwise.
pub fn can_deploy(
    goal: &AppGoal,
    observed: &Observed,
    target: &Target,
    keys: &BTreeMap<String, String>,
    plan: &mut Plan<Change>,
) -> bool {
    if !observed.proxy {
        plan.block("network/proxy", "there is no network proxy of scope swarm", "see converge-swarm.service");
        return false;
    }
    let Some(recipe) = &observed.recipe else {
        // Without a result yet, the clone is already part of the plan.
        if let Some(Err(why)) = &observed.fetch_result {
            plan.block("recipe", format!("the recipe cannot be had: {why}"), "check recipe.source");
        }
        return false;
    };
    let version = &target.version;
    let is_release = recipe.tags.iter().any(|tag| tag.name == *version && tag.annotated);
    if !is_release && !matches!(goal.source.version, Policy::Commit(_)) {
        plan.block(
            "recipe",
            format!("{version} is no release: its tag is not annotated"),
            "pin a release, or deploy what the tag stands for with recipe.version.commit",
        );
        return false;
    }
    let Some(content) = recipe.contents.get(version) else {
        plan.block(
            "recipe",
            format!("{version} cannot be read from the clone"),
            "remove the clone; the next run makes it anew",
        );
        return false;
    };
    let Some(known) = &content.keys else {
        plan.block("recipe", format!("{version} has no .env.sample"), "choose another version of the recipe");
        return false;
    };
    let is_passed_on = |key: &String| goal.passed_on.is_some_and(|prefix| key.starts_with(prefix));
    let unknown = keys.keys().filter(|key| !known.contains(key) && !is_passed_on(key));
    let unknown: Vec<&str> = unknown.map(String::as_str).collect();
    if !unknown.is_empty() {
        plan.block(
            "recipe",
            format!("the .env.sample of {version} does not know {}", unknown.join(", ")),
            "take these keys out of env, or choose a version of the recipe that knows them",
        );
    }
    if !content.missing_files.is_empty() {
        plan.block(
            "recipe",
            format!("{version} has no {}", content.missing_files.join(", ")),
            "correct compose_files, or choose a version of the recipe that has them",
        );
    }
    unknown.is_empty() && content.missing_files.is_empty()
}
