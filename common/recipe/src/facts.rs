//! The facts of a recipe's app: the running version, held releases, an unreachable git server.

use serde_json::json;

use super::desired::Source;
use super::observed::Observed;
use super::plan;
use super::plan::{DIFFERENCES_HINT, differences, odd_lines};
use super::version::{Latest, Policy};
use base::fact::Fact;
use docker::{OddEntry, secret};

/// The facts of the app of `recipe`.
pub fn facts(recipe: &str, source: &Source, observed: &Observed) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(version) = observed.stack.version_in_words() {
        facts.push(Fact::new(format!("{recipe}_version"), version).in_status(format!("{recipe} {version}")));
    }
    if let Some(Err(why)) = &observed.fetch_result {
        facts.push(Fact::new("recipe_source", source.address(recipe)).warn(
            format!("the recipe's releases could not be asked for: {why}"),
            "what runs stays; check recipe.source and the network",
        ));
    }
    facts.extend(OddEntry::facts(&observed.odd_entries));
    match &source.version {
        Policy::Pin(_) => {}
        Policy::Latest => facts.extend(held_releases(observed)),
        Policy::Commit(name) => facts.extend(branch(name, observed)),
    }
    if let Some(recipe) = observed.recipe.as_ref().filter(|recipe| !recipe.differences.is_empty()) {
        let files = json!(recipe.differences);
        facts.push(Fact::new("clone_differs", files).warn(differences(&recipe.differences), DIFFERENCES_HINT));
    }
    if !observed.odd_env_lines.is_empty() {
        let lines = json!(observed.odd_env_lines);
        let hint = "correct or remove them before the next deploy: abra reads nothing of such a file";
        facts.push(Fact::new("env_unreadable", lines).warn(odd_lines(&observed.odd_env_lines), hint));
    }
    facts.extend(secret::facts(&observed.secrets, |name| observed.stack.uses(name)));
    facts
}

/// The commit of a branch. A branch is not followed: it stays where the last fetch found it.
fn branch(name: &str, observed: &Observed) -> Option<Fact> {
    let clone = observed.recipe.as_ref().filter(|clone| clone.commit_of_branch)?;
    let commit = clone.commit.as_deref()?;
    let value = json!({ "branch": name, "commit": commit, "fetched": clone.fetched, "follows": false });
    let day = clone.fetched.map_or_else(String::new, |time| format!(" as of {}", time.strftime("%Y-%m-%d")));
    Some(Fact::new("recipe_branch", value).in_status(format!("branch {name}{day}, not followed")))
}

fn held_releases(observed: &Observed) -> Vec<Fact> {
    let Some(Latest { held, .. }) = plan::held(observed) else { return Vec::new() };
    held.into_iter()
        .map(|held| {
            let message = format!("release {} is held: {}", held.tag, held.why.in_words());
            let hint = format!("read its notes, do what they ask, then pin it: recipe.version.pin = \"{}\"", held.tag);
            Fact::new("held_release", json!({ "tag": held.tag, "why": held.why })).warn(message, hint)
        })
        .collect()
}
