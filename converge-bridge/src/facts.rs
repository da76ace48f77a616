//! The facts of the report: the service, its image, the watched organisations and repositories.

use base::fact::Fact;
use docker::service;
use serde_json::json;

use crate::wanted::wanted;
use crate::{Desired, Observed};

/// Returns the facts of the report.
pub fn facts(desired: &Desired, observed: &Observed) -> Vec<Fact> {
    let mut facts = service::facts(&wanted(desired), observed);
    let organisations: Vec<&str> =
        desired.organisations.iter().map(|organisation| organisation.name.as_str()).collect();
    facts.push(Fact::new("watches", json!({ "organisations": organisations, "repositories": desired.repositories })));
    facts
}
