//! The facts of the report: the service, its image, its address.

use base::fact::Fact;
use docker::service;
use serde_json::json;

use crate::wanted::wanted;
use crate::{Desired, Observed};

/// Returns the facts of the report.
pub fn facts(desired: &Desired, observed: &Observed) -> Vec<Fact> {
    let mut facts = service::facts(&wanted(desired), observed);
    facts.push(Fact::new("address", json!(desired.settings().address)));
    facts
}
