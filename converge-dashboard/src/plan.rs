//! The plan from observed to desired. Pure.

use base::plan::Plan;
use docker::service;

use crate::wanted::wanted;
use crate::{Change, Desired, Observed};

/// Returns the plan.
pub fn plan(desired: &Desired, observed: &Observed) -> Plan<Change> {
    service::plan::plan(&wanted(desired), observed)
}
