//! The facts of a recipe's app: the running version, held releases, an unreachable git server.

use serde_json::json;

use super::desired::Source;
use super::observed::Observed;
use super::plan;
use super::version::{Latest, Policy};
use base::fact::Fact;
use docker::secret;

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
    if source.version == Policy::Latest {
        facts.extend(held_releases(observed));
    }
    facts.extend(secret::facts(&observed.secrets, |name| observed.stack.uses(name)));
    facts
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
