//! What is worth showing: the service and its image, and what is watched.

use base::fact::Fact;
use docker::service;
use serde_json::json;

use crate::wanted::wanted;
use crate::{Desired, Observed};

/// The facts of what was observed.
pub fn facts(desired: &Desired, observed: &Observed) -> Vec<Fact> {
    let mut facts = service::facts(&wanted(desired), observed);
    let organisations: Vec<&str> =
        desired.organisations.iter().map(|organisation| organisation.name.as_str()).collect();
    facts.push(Fact::new("watches", json!({ "organisations": organisations, "repositories": desired.repositories })));
    facts
}
