//! The facts of a service of our own: its state and its image.

use serde_json::json;

use super::ServiceGoal;
use super::observed::{Image, Observed};
use super::plan::uses;
use crate::OddEntry;
use crate::secret;
use base::fact::Fact;

/// The facts of the service.
pub fn facts(goal: &ServiceGoal, observed: &Observed) -> Vec<Fact> {
    let mut facts = Vec::new();
    let name = goal.program;
    if let Some(service) = &observed.service {
        let tasks = &service.tasks;
        let fact = Fact::new("service", json!({ "name": name, "wanted": tasks.wanted, "running": tasks.running }));
        facts.push(fact.in_status(format!("{name} {}", if tasks.are_settled() { "running" } else { "not settled" })));
        let image =
            service.spec.task_template.as_ref().and_then(|template| template.container_spec.as_ref()?.image.clone());
        let tag = observed.images.iter().find(|(_, id)| Some(*id) == image.as_ref()).map(|(tag, _)| tag.clone());
        if let Some(shown) = tag.or(image) {
            let short = shown.rsplit_once(':').map_or(shown.as_str(), |(_, tag)| tag);
            let short = short.get(..16).unwrap_or(short).to_owned();
            facts.push(Fact::new("image", shown).in_status(format!("image {short}")));
        }
    }
    if let Image::Unusable { reason, hint } = &observed.image {
        facts.push(Fact::new("archive", json!(null)).warn(reason.clone(), hint.clone()));
    }
    facts.extend(secret::facts(&observed.secrets, |name| uses(observed, name)));
    facts.extend(OddEntry::facts(&observed.odd_entries));
    facts
}
