//! The converger of `dashboard`, the service that shows every recipe's standing, every run and the machine.
//!
//! - [`desired`]: the operator's configuration
//! - [`wanted`]: the service that it declares; it has no credential and no secret
//! - [`plan`]: the plan; pure
//!
//! [`docker::service`] observes, plans and changes every service of this project, and [`mod@dashboard`] is the program.

pub mod desired;
mod facts;
pub mod plan;
pub mod wanted;

use base::configuration::Problem;
use base::fact::Fact;
use base::host::Host;
use base::limits::Limits;
use base::plan::Plan;
use converge::Converger;
use docker::service::Program;

pub use desired::Desired;
pub use docker::service::{Change, Error, Observed};

/// The name of the piece, and the value of the label on its objects.
pub const NAME: &str = "dashboard";
/// The name of the program and of its service.
pub use dashboard::program::NAME as PROGRAM;

/// The converger, connected.
#[derive(Debug)]
pub struct ConvergeDashboard {
    desired: Desired,
    program: Program,
}

impl Converger for ConvergeDashboard {
    const NAME: &'static str = NAME;
    type Desired = Desired;
    type Observed = Observed;
    type Change = Change;
    type Error = Error;

    fn check(desired: &Desired) -> Vec<Problem> {
        desired.problems()
    }

    fn limits(desired: &Desired) -> Limits {
        desired.limits
    }

    async fn connect(desired: Desired, host: Host) -> Result<Self, Error> {
        let wanted = wanted::wanted(&desired);
        let program = Program::connect(&wanted, &desired.probe, &[], desired.limits, &host).await?;
        Ok(Self { desired, program })
    }

    fn desired(&self) -> &Desired {
        &self.desired
    }

    async fn observe(&self) -> Result<Observed, Error> {
        self.program.observe(&wanted::wanted(&self.desired)).await
    }

    fn plan(desired: &Desired, observed: &Observed) -> Plan<Change> {
        plan::plan(desired, observed)
    }

    fn facts(desired: &Desired, observed: &Observed) -> Vec<Fact> {
        facts::facts(desired, observed)
    }
}

impl converge::Change<ConvergeDashboard> for Change {
    fn object(&self) -> String {
        self.object()
    }

    async fn apply(&self, on: &ConvergeDashboard) -> Result<(), Error> {
        self.apply(&on.program).await
    }
}
