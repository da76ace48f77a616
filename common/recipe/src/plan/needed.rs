//! The reasons to deploy a stack, and the conditions.

use std::collections::BTreeMap;

use super::target::Target;
use super::{AppGoal, differing};
use crate::change::Change;
use crate::names::Names;
use crate::observed::{Observed, OddLine, StackService};
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
    if !goal.creations.is_empty() || goal.secrets.iter().any(|name| !observed.stack.uses(name)) {
        reasons.push("it uses other secrets".into());
    }
    let is_off =
        |service: &&StackService| service.tasks.wanted == 0 && service.declared.is_some_and(|declared| declared > 0);
    for service in observed.stack.services.iter().filter(is_off) {
        reasons.push(format!("{} is scaled to 0", service.name));
    }
    reasons.extend(goal.also.iter().cloned());
    reasons
}

/// True if a chaos version is of `commit`, deployed from a clean tree.
fn is_commit(short: &str, commit: &str) -> bool {
    short.len() >= 7 && commit.starts_with(short)
}

/// Returns Swarm's state if Swarm rolled back the deploy of this run: another deploy would end the same.
pub fn swarm_went_back(observed: &Observed, target: &Target) -> Option<String> {
    let mut tasks = observed.stack.services.iter().map(|service| &service.tasks);
    let undone = tasks.find(|tasks| tasks.were_rolled_back())?;
    (observed.deployed && target.rejection.is_none()).then(|| undone.to_string())
}

fn is_set(odd: &OddLine, keys: &BTreeMap<String, String>) -> bool {
    odd.key.as_ref().is_some_and(|key| keys.contains_key(key))
}

/// Names the lines of the `.env` that abra cannot read.
pub fn odd_lines<'a>(odd: impl IntoIterator<Item = &'a OddLine>) -> String {
    let words = odd.into_iter().map(|OddLine { line, key }| match key {
        Some(key) => format!("line {line} opens a quote for {key} and does not close it"),
        None => format!("line {line} is no `KEY=value`"),
    });
    format!("abra cannot read the app's .env: {}", words.collect::<Vec<_>>().join(", "))
}

/// The remedy for such lines.
pub fn odd_lines_hint(names: &Names) -> String {
    format!("correct or remove them in $ABRA_DIR/servers/default/{}.env", names.domain)
}

/// The remedy for a clone with files that are not the recipe's.
pub const DIFFERENCES_HINT: &str = "move them to another place; `git -C $ABRA_DIR/recipes/<recipe> status` shows them, \
     and a clone that is removed is made again by the next run";

/// Names the files of the clone that are not as the recipe has them. abra refuses to deploy a release beside them.
pub fn differences(files: &[String]) -> String {
    let named: Vec<&str> = files.iter().take(5).map(|line| line.get(3..).unwrap_or(line)).collect();
    let more = files.len() - named.len();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("the recipe's clone has files that are not the recipe's: {}{more}", named.join(", "))
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
    if !recipe.differences.is_empty() {
        plan.block("recipe", differences(&recipe.differences), DIFFERENCES_HINT);
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
    // A line of a key of ours is replaced before the deploy.
    let odd: Vec<&OddLine> = observed.odd_env_lines.iter().filter(|odd| !is_set(odd, keys)).collect();
    if !odd.is_empty() {
        plan.block("env", odd_lines(odd), odd_lines_hint(goal.names));
        return false;
    }
    let is_passed_on = |key: &String| goal.passed_on.is_some_and(|prefix| key.starts_with(prefix));
    let unknown = keys.keys().filter(|key| !known.contains(key) && !is_passed_on(key));
    let (of_operator, ours): (Vec<&str>, Vec<&str>) =
        unknown.map(String::as_str).partition(|key| goal.env.contains_key(*key));
    for (unknown, hint) in [
        (&of_operator, "take these keys out of env, or choose a version of the recipe that knows them"),
        (&ours, "choose a version of the recipe whose .env.sample has them; this piece needs them"),
    ] {
        if !unknown.is_empty() {
            plan.block("recipe", format!("the .env.sample of {version} does not know {}", unknown.join(", ")), hint);
        }
    }
    if !content.missing_files.is_empty() {
        plan.block(
            "recipe",
            format!("{version} has no {}", content.missing_files.join(", ")),
            "correct compose_files, or choose a version of the recipe that has them",
        );
    }
    of_operator.is_empty() && ours.is_empty() && content.missing_files.is_empty()
}
